package org.multipoint.samples.notebooks;

import java.awt.image.RenderedImage;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Objects;
import java.util.function.Consumer;
import javax.imageio.ImageIO;

/** What the programs show. In a notebook a step is text between the cells, and the kernel itself displays pictures. */
public final class Output {

    private static Consumer<RenderedImage> viewer = Output::save;

    private Output() {
    }

    /** Begins a step: prints its heading, and what it is about. */
    public static void step(String text) {
        System.out.println(System.lineSeparator() + text.strip() + System.lineSeparator());
    }

    /** Shows a picture: as a file, unless somebody else {@linkplain #showBy shows} pictures. */
    public static void display(RenderedImage picture) {
        viewer.accept(picture);
    }

    /** Sets who shows pictures. */
    public static void showBy(Consumer<RenderedImage> viewer) {
        Output.viewer = Objects.requireNonNull(viewer, "viewer");
    }

    private static void save(RenderedImage picture) {
        try {
            File file = File.createTempFile("multipoint-", ".png");
            ImageIO.write(picture, "png", file);
            System.out.println("Picture: " + file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
