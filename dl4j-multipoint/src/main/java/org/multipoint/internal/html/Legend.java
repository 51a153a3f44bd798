package org.multipoint.internal.html;

import java.util.ArrayList;
import java.util.List;

/** What the styles of a chart mean. */
final class Legend {

    private final List<Element> entries = new ArrayList<>();

    void add(String style, String meaning) {
        entries.add(Element.of("li", Element.of("span").with("class", "swatch " + style).with("aria-hidden", true), " " + meaning));
    }

    /** One element, or none where nothing is to be said. */
    Object[] elements() {
        return entries.isEmpty() ? new Object[0] : new Object[]{Element.of("ul", entries.toArray()).with("class", "legend")};
    }
}
