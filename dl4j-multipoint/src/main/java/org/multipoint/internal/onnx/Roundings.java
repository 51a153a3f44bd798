package org.multipoint.internal.onnx;

import org.multipoint.internal.engine.Program;
import org.multipoint.internal.ops.InputQuantization;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Where the values of a program can be rounded. Operations on integers round what they read. A value whose readers all round it in the same
 * way can be rounded where it is computed, which changes nothing, and lets a runtime keep its integers.
 */
final class Roundings {

    private final Program program;
    private final int[] uses;
    private final Map<Integer, Set<Optional<InputQuantization>>> wanted = new HashMap<>();

    Roundings(Program program) {
        this.program = program;
        this.uses = program.uses();
        program.results().forEach(value -> want(value, Optional.empty()));
        for (int i = program.instructions().size() - 1; i >= 0; i--) {
            Program.Instruction instruction = program.instructions().get(i);
            Optional<InputQuantization> rounding = instruction instanceof Program.Linear linear ? linear.weights().quantization()
                    : instruction.commutesWithRounding() ? of(program.inputs() + i) : Optional.empty();
            for (int r = 0; r < instruction.reads().size(); r++) {
                want(instruction.reads().get(r), instruction instanceof Program.Add add ? add.roundings().get(r) : rounding);
            }
        }
    }

    private void want(int value, Optional<InputQuantization> rounding) {
        wanted.computeIfAbsent(value, v -> new HashSet<>()).add(rounding);
    }

    /** How an instruction's value can be rounded. */
    Optional<InputQuantization> of(int value) {
        Set<Optional<InputQuantization>> all = wanted.getOrDefault(value, Set.of());
        return value >= program.inputs() && all.size() == 1 ? all.iterator().next() : Optional.empty();
    }

    /** How an instruction's value can be rounded, or else the value of the rectifier that alone reads it. */
    Optional<InputQuantization> behindRectifier(int value) {
        List<Integer> rectifiers = IntStream.range(0, program.instructions().size())
                .filter(i -> program.instructions().get(i) instanceof Program.Rectify r && r.input() == value)
                .mapToObj(i -> program.inputs() + i).toList();
        return of(value).or(() -> uses[value] == 1 && rectifiers.size() == 1 ? of(rectifiers.get(0)) : Optional.empty());
    }
}
