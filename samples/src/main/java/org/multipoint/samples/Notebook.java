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

    /** Says a line. On a terminal, one that is too long breaks between words. */
    void say(String text, Object... values) {
        Progress.hide();
        int columns = Terminal.columns().orElse(Integer.MAX_VALUE);
        format(text, values).lines().forEach(line -> out.println(wrapped(line, columns)));
        out.flush();
    }

    static String wrapped(String line, int columns) {
        StringBuilder lines = new StringBuilder();
        String rest = line;
        while (rest.length() > columns && rest.lastIndexOf(' ', columns) > 0) {
            int end = rest.lastIndexOf(' ', columns);
            lines.append(rest, 0, end).append(System.lineSeparator());
            rest = rest.substring(end + 1);
        }
        return lines + rest;
    }

    private static String format(String text, Object... values) {
        return String.format(Locale.ROOT, text, values);
    }
}
