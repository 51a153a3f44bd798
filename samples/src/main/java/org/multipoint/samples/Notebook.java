package org.multipoint.samples;

import java.io.PrintWriter;
import java.util.Locale;

/** What a sample shows, step by step. */
final class Notebook {

    private final PrintWriter out;
    private int steps;

    Notebook(PrintWriter out) {
        this.out = out;
    }

    /** Begins a step. */
    void step(String title, Object... values) {
        steps++;
        say("%n%d. %s", steps, format(title, values));
    }

    /** Says a line. */
    void say(String text, Object... values) {
        out.println(format(text, values));
        out.flush();
    }

    private static String format(String text, Object... values) {
        return String.format(Locale.ROOT, text, values);
    }
}
