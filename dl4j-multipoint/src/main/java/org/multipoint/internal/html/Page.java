package org.multipoint.internal.html;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** A page that needs no other files and no network: its style, and the script that sorts its tables, are part of it. */
public final class Page {

    private Page() {
    }

    /**
     * The page as text, to be stored as UTF-8.
     *
     * @param main its content
     */
    public static String of(String title, Element main) {
        return "<!DOCTYPE html>\n" + Element.of("html",
                Element.of("head",
                        Element.of("meta").with("charset", "utf-8"),
                        Element.of("meta").with("name", "viewport").with("content", "width=device-width, initial-scale=1"),
                        Element.of("title", title),
                        Element.verbatim("style", resource("page.css"))),
                Element.of("body", main, Element.verbatim("script", resource("sort.js")))).with("lang", "en") + "\n";
    }

    private static String resource(String name) {
        try (InputStream in = Page.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
