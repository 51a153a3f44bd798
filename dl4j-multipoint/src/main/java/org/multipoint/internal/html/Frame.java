package org.multipoint.internal.html;

import java.util.ArrayList;
import java.util.List;

/** What is around the drawing of a chart: its title, the meanings of its styles, its caption, which is also its text alternative. */
final class Frame {

    private final String id;
    private final String title;
    private final List<Element> legend = new ArrayList<>();

    /**
     * @param id of the chart within its page
     */
    Frame(String id, String title) {
        this.id = id;
        this.title = title;
    }

    /** Says what a style means. */
    void legend(String style, String meaning) {
        legend.add(Element.of("li", Element.of("span").with("class", "swatch " + style).with("aria-hidden", true), " " + meaning));
    }

    /**
     * The chart.
     *
     * @param drawing parts of an SVG image of the whole width
     * @param says    in words what it shows
     */
    Element figure(int height, List<Element> drawing, String says) {
        Element figure = Element.of("figure", Element.of("h3", title));
        if (!legend.isEmpty()) {
            figure.add(Element.of("ul", legend.toArray()).with("class", "legend"));
        }
        Element svg = Element.of("svg", Element.of("title", title).with("id", id + "-title"),
                Element.of("desc", says).with("id", id + "-says"))
                .add(drawing.toArray()).with("role", "img").with("aria-labelledby", id + "-title " + id + "-says")
                .with("width", "100%").with("height", height);
        return figure.add(svg, Element.of("figcaption", says));
    }
}
