package org.multipoint.samples;

import org.multipoint.datasets.Box;
import org.multipoint.datasets.LabelledBox;
import org.multipoint.detection.Detection;
import org.multipoint.internal.files.AtomicFile;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageIO;

/** Images with what several networks find in them: a row for each network. Objects that are there have thin white boxes. */
final class DetectionPlot {

    /** Detections with smaller scores are not drawn. */
    private static final double LEAST_SCORE = 0.3;
    private static final int TILE = 320;
    private static final int HEADING = 28;
    private static final Font TEXT = new Font(Font.SANS_SERIF, Font.BOLD, 13);

    private final List<String> classes;
    private final List<String> headings = new ArrayList<>();
    private final List<List<DetectionJudge.Picture>> rows = new ArrayList<>();

    /** @param classes names */
    DetectionPlot(List<String> classes) {
        this.classes = classes;
    }

    /** Adds a network. */
    void add(String name, DetectionJudge.Result result) {
        headings.add(String.format(Locale.ROOT, "%s: %s %.1f %% on %,d images; scores from %.1f", name, result.mainFigure(),
                100 * result.mainValue(), result.images(), LEAST_SCORE));
        rows.add(result.pictures());
    }

    void write(Path png) throws IOException {
        int columns = Math.max(1, rows.get(0).size());
        BufferedImage all = new BufferedImage(columns * TILE, rows.size() * (TILE + HEADING), BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = all.createGraphics();
        try {
            graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
            graphics.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR);
            graphics.setFont(TEXT);
            for (int row = 0; row < rows.size(); row++) {
                int top = row * (TILE + HEADING);
                graphics.setClip(null);
                graphics.setColor(Color.WHITE);
                graphics.drawString(headings.get(row), 6, top + HEADING - 9);
                for (int column = 0; column < rows.get(row).size(); column++) {
                    draw(graphics, rows.get(row).get(column), column * TILE, top + HEADING);
                }
            }
        } finally {
            graphics.dispose();
        }
        AtomicFile.write(png, part -> ImageIO.write(all, "png", part.toFile()));
    }

    private void draw(Graphics2D graphics, DetectionJudge.Picture picture, int left, int top) {
        graphics.setClip(left, top, TILE, TILE);
        graphics.drawImage(picture.image().toBufferedImage(), left, top, TILE, TILE, null);
        graphics.setColor(Color.WHITE);
        graphics.setStroke(new BasicStroke(1));
        picture.there().stream().map(LabelledBox::box).forEach(box -> draw(graphics, box, left, top));
        graphics.setStroke(new BasicStroke(2));
        for (Detection found : picture.found()) {
            if (found.score() >= LEAST_SCORE) {
                graphics.setColor(Color.getHSBColor((float) found.label() / classes.size(), 0.9f, 1));
                draw(graphics, found.box(), left, top);
                // Inside of the picture, also where the box is not.
                graphics.drawString(String.format(Locale.ROOT, "%s %.2f", classes.get(found.label()), found.score()),
                        Math.max(left + 2, x(found.box().left(), left)), Math.max(top + TEXT.getSize(), x(found.box().top(), top) - 3));
            }
        }
    }

    private static void draw(Graphics2D graphics, Box box, int left, int top) {
        graphics.drawRect(x(box.left(), left), x(box.top(), top), x(box.width(), 0), x(box.height(), 0));
    }

    private static int x(double share, int origin) {
        return origin + (int) Math.round(share * TILE);
    }
}
