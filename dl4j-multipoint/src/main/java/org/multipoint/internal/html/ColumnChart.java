package org.multipoint.internal.html;

import java.util.ArrayList;
import java.util.List;

/**
 * A chart with a column for each of a number of things, drawn as SVG. Places are shares of the width and text is not scaled, so that it is
 * as readable on a telephone as on a wide screen.
 */
public final class ColumnChart {

    private static final int HEIGHT = 210;
    private static final int TOP = 14;
    private static final int BOTTOM = 38;
    /** Part of the width where the labels of the axis stand, in percent. */
    private static final double LEFT = 13;
    /** Share of its place that a column takes, and the most that it takes of the width, in percent. */
    private static final double FILLED = 0.75;
    private static final double WIDEST = 8;
    /** Columns whose names all fit below them. */
    private static final int NAMED = 13;
    private static final int NUMBERS = 8;

    private final Frame frame;
    private final Axis axis;
    private final List<Column> columns = new ArrayList<>();
    private final List<Element> lines = new ArrayList<>();

    /**
     * A column.
     *
     * @param name  stands below it, where there is room: a few characters
     * @param says  shown where a pointer rests on it
     * @param parts drawn one over the other
     */
    public record Column(String name, String says, List<Part> parts) {
    }

    /**
     * A part of a column.
     *
     * @param style class of the style sheet
     */
    public record Part(double from, double to, String style) {
    }

    /**
     * @param id of the chart within its page
     */
    public ColumnChart(String id, String title, Axis axis) {
        frame = new Frame(id, title);
        this.axis = axis;
    }

    /** Adds a column on the right. */
    public ColumnChart column(Column column) {
        columns.add(column);
        return this;
    }

    /** Draws a line across all columns. */
    public ColumnChart line(double value) {
        lines.add(across(value, "reference"));
        return this;
    }

    /** Says what a style means. */
    public ColumnChart legend(String style, String meaning) {
        frame.legend(style, meaning);
        return this;
    }

    /**
     * The chart with its title and caption.
     *
     * @param below what stands below the columns as a whole
     * @param says  in words what it shows
     */
    public Element figure(String below, String says) {
        List<Element> drawing = new ArrayList<>();
        for (double tick : axis.ticks()) {
            drawing.add(across(tick, "grid"));
            drawing.add(text(percent(LEFT - 1.2), y(tick) + 4, "end", axis.label(tick)));
        }
        for (int i = 0; i < columns.size(); i++) {
            drawing.add(drawn(columns.get(i), i));
            if (isLabelled(i)) {
                drawing.add(text(percent(centre(i)), HEIGHT - BOTTOM + 16, "middle", columns.get(i).name));
            }
        }
        drawing.addAll(lines);
        drawing.add(text(percent((100 + LEFT) / 2), HEIGHT - 4, "middle", below));
        return frame.figure(HEIGHT, drawing, says);
    }

    private Element drawn(Column column, int i) {
        Element group = Element.of("g", Element.of("title", column.says));
        double width = Math.min(WIDEST, (100 - LEFT) / columns.size() * FILLED);
        for (Part part : column.parts) {
            double top = y(Math.max(part.from, part.to));
            group.add(Element.of("rect").with("class", part.style).with("x", percent(centre(i) - width / 2)).with("y", number(top))
                    .with("width", percent(width)).with("height", number(Math.max(1, y(Math.min(part.from, part.to)) - top))));
        }
        return group;
    }

    /** All where they fit; else every fifth, tenth, twentieth. */
    private boolean isLabelled(int i) {
        return columns.size() <= NAMED || (i + 1) % (int) Axis.roundStep((double) columns.size() / NUMBERS) == 0;
    }

    private double centre(int i) {
        return LEFT + (100 - LEFT) * (i + 0.5) / columns.size();
    }

    private double y(double value) {
        return TOP + (1 - axis.place(value)) * (HEIGHT - TOP - BOTTOM);
    }

    private Element across(double value, String style) {
        return Element.of("line").with("class", style).with("x1", percent(LEFT)).with("x2", "100%")
                .with("y1", number(y(value))).with("y2", number(y(value)));
    }

    private static Element text(String x, double y, String anchor, String text) {
        return Element.of("text", text).with("x", x).with("y", number(y)).with("text-anchor", anchor);
    }

    private static String percent(double value) {
        return number(value) + "%";
    }

    private static String number(double value) {
        return Numbers.plain(value, 2);
    }
}
