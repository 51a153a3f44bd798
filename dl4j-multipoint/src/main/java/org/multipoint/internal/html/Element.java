package org.multipoint.internal.html;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * An element of a page, of HTML or SVG. Written, it is well-formed XML that browsers read as HTML: whatever stands in texts and attributes
 * is escaped.
 */
public final class Element {

    /** Elements that have no content, which HTML writes without an end tag. */
    private static final Set<String> EMPTY = Set.of("meta", "rect", "line");

    private final String name;
    private final Map<String, String> attributes = new LinkedHashMap<>();
    private final List<Object> content = new ArrayList<>();

    private Element(String name) {
        this.name = name;
    }

    /**
     * @param content elements, and other objects that stand for their text
     */
    public static Element of(String name, Object... content) {
        return new Element(name).add(content);
    }

    /** A style or script, whose text is written as it is. */
    static Element verbatim(String name, String text) {
        if (text.contains("</")) {
            throw new IllegalArgumentException("A " + name + " must not contain an end tag");
        }
        Element element = new Element(name);
        element.content.add(new Verbatim(text));
        return element;
    }

    private record Verbatim(String text) {
    }

    /** Sets an attribute. */
    public Element with(String attribute, Object value) {
        attributes.put(attribute, String.valueOf(value));
        return this;
    }

    /** Appends elements, and other objects that stand for their text. */
    public Element add(Object... more) {
        content.addAll(List.of(more));
        return this;
    }

    /** The element as text. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        write(text);
        return text.toString();
    }

    private void write(StringBuilder text) {
        text.append('<').append(name);
        attributes.forEach((attribute, value) -> text.append(' ').append(attribute).append("=\"").append(escaped(value)).append('"'));
        if (EMPTY.contains(name) && content.isEmpty()) {
            text.append("/>");
            return;
        }
        text.append('>');
        // White space between elements means nothing where there is no text among them.
        boolean lines = content.size() > 1 && content.stream().allMatch(Element.class::isInstance);
        for (Object part : content) {
            if (lines) {
                text.append('\n');
            }
            if (part instanceof Element element) {
                element.write(text);
            } else {
                text.append(part instanceof Verbatim verbatim ? verbatim.text : escaped(part.toString()));
            }
        }
        text.append(lines ? "\n" : "").append("</").append(name).append('>');
    }

    /** Characters that no page can hold, such as control characters, become the replacement character. */
    private static String escaped(String text) {
        StringBuilder escaped = new StringBuilder();
        text.codePoints().forEach(c -> {
            switch (c) {
                case '&' -> escaped.append("&amp;");
                case '<' -> escaped.append("&lt;");
                case '>' -> escaped.append("&gt;");
                case '"' -> escaped.append("&quot;");
                default -> escaped.appendCodePoint(isCharacter(c) ? c : 0xFFFD);
            }
        });
        return escaped.toString();
    }

    private static boolean isCharacter(int c) {
        return c == '\t' || c == '\n' || c >= ' ' && !Character.isISOControl(c) && !(c >= 0xD800 && c <= 0xDFFF) && (c & 0xFFFE) != 0xFFFE;
    }
}
