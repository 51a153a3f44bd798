package org.multipoint.internal.engine;

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
public final class Roundings {

    private final Program program;
    private final int[] uses;
    private final Map<Integer, Set<Optional<InputQuantization>>> wanted = new HashMap<>();

    private Roundings(Program program, boolean additionsCount) {
        this.program = program;
        this.uses = program.uses();
        program.results().forEach(value -> want(value, Optional.empty()));
        for (int i = program.instructions().size() - 1; i >= 0; i--) {
            Program.Instruction instruction = program.instructions().get(i);
            if (!adds(instruction)) {
                Optional<InputQuantization> rounding = instruction instanceof Program.Linear linear ? linear.weights().quantization()
                        : instruction.commutesWithRounding() ? of(program.inputs() + i) : Optional.empty();
                instruction.reads().forEach(value -> want(value, rounding));
            } else if (additionsCount) {
                Program.Add add = (Program.Add) instruction;
                IntStream.range(0, add.reads().size()).forEach(r -> want(add.reads().get(r), add.roundings().get(r)));
            }
        }
    }

    /** Those of a program as it is. */
    public static Roundings of(Program program) {
        return new Roundings(program, true);
    }

    /** Those that there would be without additions of several images. */
    static Roundings withoutAdditions(Program program) {
        return new Roundings(program, false);
    }

    /** Whether an instruction adds several images. */
    static boolean adds(Program.Instruction instruction) {
        return instruction instanceof Program.Add add && add.reads().size() > 1;
    }

    private void want(int value, Optional<InputQuantization> rounding) {
        wanted.computeIfAbsent(value, v -> new HashSet<>()).add(rounding);
    }

    /** How a value can be rounded. */
    public Optional<InputQuantization> of(int value) {
        Set<Optional<InputQuantization>> all = wanted.getOrDefault(value, Set.of());
        return all.size() == 1 ? all.iterator().next() : Optional.empty();
    }

    /** How an instruction's value can be rounded, or else the value of the rectifier that alone reads it. */
    public Optional<InputQuantization> behindRectifier(int value) {
        List<Integer> rectifiers = IntStream.range(0, program.instructions().size())
                .filter(i -> program.instructions().get(i) instanceof Program.Rectify r && r.input() == value)
                .mapToObj(i -> program.inputs() + i).toList();
        return of(value).or(() -> uses[value] == 1 && rectifiers.size() == 1 ? of(rectifiers.get(0)) : Optional.empty());
    }
}
