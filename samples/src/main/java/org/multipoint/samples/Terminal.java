package org.multipoint.samples;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;

/** The terminal that standard error goes to. */
final class Terminal {

    /** What text is wide at most, and where the terminal does not tell. */
    private static final int USUAL_COLUMNS = 100;

    private Terminal() {
    }

    /** Characters of a line; empty where standard error is no terminal. */
    static OptionalInt columns() {
        try {
            Process stty = new ProcessBuilder("sh", "-c", "[ -t 2 ] && stty size <&2 2>/dev/null")
                    .redirectError(ProcessBuilder.Redirect.INHERIT).start();
            stty.getOutputStream().close();
            String[] size = new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII).strip().split(" ");
            int columns = size.length == 2 ? Integer.parseInt(size[1]) : -1;
            // A terminal that nobody has told its size says 0.
            return columns < 0 ? OptionalInt.empty() : OptionalInt.of(columns == 0 ? USUAL_COLUMNS : columns);
        } catch (IOException | NumberFormatException e) {
            return OptionalInt.empty();
        }
    }

    /** Characters of a line of text: what fits the terminal, at most {@value #USUAL_COLUMNS}. */
    static int textColumns() {
        return Math.min(USUAL_COLUMNS, columns().orElse(USUAL_COLUMNS));
    }
}
