package org.multipoint.samples;

import org.jline.terminal.impl.exec.ExecTerminalProvider;
import org.jline.terminal.spi.SystemStream;
import org.jline.terminal.spi.TerminalProvider;

import java.util.OptionalInt;

/** The terminal that standard error goes to. */
final class Terminal {

    /** The width where the terminal does not report its own. */
    private static final int USUAL_COLUMNS = 80;
    /** The largest width of text. */
    private static final int TEXT_COLUMNS = 100;
    private static final TerminalProvider PROVIDER = new ExecTerminalProvider();

    private Terminal() {
    }

    /** The width in characters; empty where standard error is not a terminal. */
    static OptionalInt columns() {
        if (!PROVIDER.isSystemStream(SystemStream.Error)) {
            return OptionalInt.empty();
        }
        int columns = PROVIDER.systemStreamWidth(SystemStream.Error);
        return OptionalInt.of(columns > 0 ? columns : USUAL_COLUMNS);
    }

    /** The width of a line of text in characters: the width of the terminal, at most {@value #TEXT_COLUMNS}. */
    static int textColumns() {
        return Math.min(TEXT_COLUMNS, columns().orElse(TEXT_COLUMNS));
    }
}
