package org.multipoint.internal.engine;

import org.multipoint.internal.engine.Program.Add;
import org.multipoint.internal.engine.Program.Instruction;
import org.multipoint.internal.engine.Program.Linear;
import org.multipoint.internal.ops.InputQuantization;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Lets additions read the integers that quantized operations read. A value that is added, as the shortcut of a residual block is, and that otherwise
 * only quantized operations read, all of which round it in the same way, is rounded by the addition, too. An engine can then do without its floating
 * form.
 */
public final class AddendRounding {

    private final Map<Integer, Set<Optional<InputQuantization>>> wanted = new HashMap<>();

    private AddendRounding(Program program) {
        program.results().forEach(value -> want(value, Optional.empty()));
        for (int i = program.instructions().size() - 1; i >= 0; i--) {
            Instruction instruction = program.instructions().get(i);
            if (!adds(instruction)) {
                Optional<InputQuantization> form = instruction instanceof Linear linear ? linear.weights().quantization()
                        : instruction.commutesWithRounding() ? rounding(program.inputs() + i) : Optional.empty();
                instruction.reads().forEach(value -> want(value, form));
            }
        }
    }

    /** The program with additions that round what can be rounded. */
    public static Program of(Program program) {
        AddendRounding addends = new AddendRounding(program);
        List<Instruction> instructions = program.instructions().stream()
                .map(i -> adds(i) ? new Add(i.reads(), i.reads().stream().map(addends::rounding).toList()) : i).toList();
        return new Program(program.inputs(), program.channelsLast(), instructions, program.results());
    }

    private static boolean adds(Instruction instruction) {
        return instruction instanceof Add add && add.reads().size() > 1;
    }

    private void want(int value, Optional<InputQuantization> form) {
        wanted.computeIfAbsent(value, v -> new HashSet<>()).add(form);
    }

    /** How all quantized operations round a value; empty where they differ, or others read it that do not add. */
    private Optional<InputQuantization> rounding(int value) {
        Set<Optional<InputQuantization>> forms = wanted.getOrDefault(value, Set.of());
        return forms.size() == 1 ? forms.iterator().next() : Optional.empty();
    }
}
