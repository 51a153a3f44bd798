package org.multipoint.internal.html;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A chart with a horizontal bar for each of a few things, each of several parts side by side, drawn as SVG whose text is not scaled. */
public final class BarChart {

    private static final int NAME = 16;
    private static final int BAR = 26;
    private static final int GAP = 14;

    private final Frame frame;
    private final Map<String, List<Part>> bars = new LinkedHashMap<>();

    /**
     * A part of a bar.
     *
     * @param style class of the style sheet
     */
    public record Part(double value, String style) {
    }

    /**
     * @param id of the chart within its page
     */
    public BarChart(String id, String title) {
        frame = new Frame(id, title);
    }

    /**
     * Adds a bar below the others.
     *
     * @param name stands above it
     */
    public BarChart bar(String name, List<Part> parts) {
        bars.put(name, List.copyOf(parts));
        return this;
    }

    /** Says what a style means. */
    public BarChart legend(String style, String meaning) {
        frame.legend(style, meaning);
        return this;
    }

    /**
     * The chart with its title and caption.
     *
     * @param says in words what it shows
     */
    public Element figure(String says) {
        double most = bars.values().stream().mapToDouble(BarChart::length).max().orElse(0);
        List<Element> drawing = new ArrayList<>();
        int y = NAME;
        for (Map.Entry<String, List<Part>> bar : bars.entrySet()) {
            drawing.add(Element.of("text", bar.getKey()).with("x", 0).with("y", y - 4));
            double x = 0;
            for (Part part : bar.getValue()) {
                double width = most > 0 ? 100 * part.value / most : 0;
                drawing.add(Element.of("rect").with("class", part.style).with("x", Numbers.plain(x, 3) + "%").with("y", y)
                        .with("width", Numbers.plain(width, 3) + "%").with("height", BAR));
                x += width;
            }
            y += NAME + BAR + GAP;
        }
        return frame.figure(y - NAME, drawing, says);
    }

    private static double length(List<Part> parts) {
        return parts.stream().mapToDouble(Part::value).sum();
    }
}
