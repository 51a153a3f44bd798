package org.multipoint.internal.engine;

import org.multipoint.internal.engine.Program.Add;
import org.multipoint.internal.engine.Program.Instruction;

import java.util.List;

/**
 * Lets additions read the integers that quantized operations read. A value that is added, as the shortcut of a residual block is, and that otherwise
 * only quantized operations read, all of which round it in the same way, is rounded by the addition, too. An engine can then do without its floating
 * form.
 */
public final class AddendRounding {

    private AddendRounding() {
    }

    /** The program with additions that round what can be rounded. */
    public static Program of(Program program) {
        Roundings others = Roundings.withoutAdditions(program);
        List<Instruction> instructions = program.instructions().stream()
                .map(i -> Roundings.adds(i) ? new Add(i.reads(), i.reads().stream().map(others::of).toList()) : i).toList();
        return new Program(program.inputs(), program.channelsLast(), instructions, program.results());
    }
}
