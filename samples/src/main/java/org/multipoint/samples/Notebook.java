package org.multipoint.samples;

import java.io.File;
import java.io.PrintWriter;
import java.util.Locale;

/** The output of a sample, step by step. */
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

    /** Prints a line. On a terminal, a line that is too long is broken between words. */
    void say(String text, Object... values) {
        Progress.hide();
        int columns = Terminal.columns().orElse(Integer.MAX_VALUE);
        format(text, values).lines().forEach(line -> out.println(wrapped(line, columns)));
        out.flush();
    }

    /** Says how long a task is going to take. */
    void estimate(String task, double seconds) {
        say("%s will take about %s.", task, seconds < 120 ? Math.round(seconds) + " seconds" : Math.round(seconds / 60) + " minutes");
    }

    /** Says at the end what can be done next: a command of this program. */
    void next(String what, String arguments) {
        say("%nNext, %s:%n  %s %s", what, program(), arguments);
    }

    /** How this program was started. */
    private static String program() {
        String classPath = System.getProperty("java.class.path");
        return classPath.endsWith(".jar") && !classPath.contains(File.pathSeparator) ? "java -jar " + classPath : "samples";
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
