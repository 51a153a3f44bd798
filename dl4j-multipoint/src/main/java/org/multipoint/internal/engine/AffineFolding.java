package org.multipoint.internal.engine;

import org.multipoint.internal.engine.Program.Add;
import org.multipoint.internal.engine.Program.Affine;
import org.multipoint.internal.engine.Program.Instruction;
import org.multipoint.internal.engine.Program.Linear;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A program whose linear operations take over the per-channel scale and shift right behind them.
 *
 * @param program the same values with the same numbers; a folded instruction becomes a sum of one image, which {@link Fusion} absorbs
 * @param folded  scale and shift by the number of the linear operation's value
 */
record AffineFolding(Program program, Map<Integer, Affine> folded) {

    static AffineFolding of(Program program) {
        int[] uses = program.uses();
        Map<Integer, Linear> linear = program.linear();
        Map<Integer, Affine> folded = new HashMap<>();
        List<Instruction> instructions = new ArrayList<>();
        for (Instruction instruction : program.instructions()) {
            if (instruction instanceof Affine a && linear.containsKey(a.input()) && uses[a.input()] == 1) {
                folded.put(a.input(), a);
                instructions.add(new Add(a.reads()));
            } else {
                instructions.add(instruction);
            }
        }
        return new AffineFolding(new Program(program.inputs(), program.channelsLast(), instructions, program.results()), folded);
    }

    /**
     * A linear operation with what was folded into it.
     *
     * @param value number of its value
     * @param limit largest absolute code whose sums are exact
     */
    FusedLinear fused(int value, Linear linear, int limit) {
        FusedLinear fused = FusedLinear.of(linear, limit);
        return folded.containsKey(value) ? fused.then(folded.get(value)) : fused;
    }
}
