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

    private final String id;
    private final String title;
    private final Map<String, List<Part>> bars = new LinkedHashMap<>();
    private final Legend legend = new Legend();

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
        this.id = id;
        this.title = title;
    }

    /**
     * Adds a bar below the others.
     *
     * @param name stands above it
     */
    public BarChart bar(String name, List<Part> parts) {
        bars.put(name, new ArrayList<>(parts));
        return this;
    }

    /** Says what a style means. */
    public BarChart legend(String style, String meaning) {
        legend.add(style, meaning);
        return this;
    }

    /**
     * The chart with its title and caption.
     *
     * @param says in words what it shows
     */
    public Element figure(String says) {
        double most = bars.values().stream().mapToDouble(BarChart::length).max().orElse(0);
        Element svg = Element.of("svg").with("role", "img").with("aria-labelledby", id + "-title " + id + "-says")
                .with("width", "100%").with("height", bars.size() * (NAME + BAR + GAP))
                .add(Element.of("title", title).with("id", id + "-title"), Element.of("desc", says).with("id", id + "-says"));
        int y = NAME;
        for (Map.Entry<String, List<Part>> bar : bars.entrySet()) {
            svg.add(Element.of("text", bar.getKey()).with("x", 0).with("y", y - 4));
            double x = 0;
            for (Part part : bar.getValue()) {
                double width = most > 0 ? 100 * part.value / most : 0;
                svg.add(Element.of("rect").with("class", part.style).with("x", Numbers.plain(x, 3) + "%").with("y", y)
                        .with("width", Numbers.plain(width, 3) + "%").with("height", BAR));
                x += width;
            }
            y += NAME + BAR + GAP;
        }
        return Element.of("figure", Element.of("h3", title)).add(legend.elements()).add(svg, Element.of("figcaption", says));
    }

    private static double length(List<Part> parts) {
        return parts.stream().mapToDouble(Part::value).sum();
    }
}
