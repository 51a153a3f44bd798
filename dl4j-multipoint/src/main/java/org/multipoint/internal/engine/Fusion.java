package org.multipoint.internal.engine;

import org.multipoint.internal.engine.Program.Add;
import org.multipoint.internal.engine.Program.Affine;
import org.multipoint.internal.engine.Program.Concat;
import org.multipoint.internal.engine.Program.Flatten;
import org.multipoint.internal.engine.Program.Frame;
import org.multipoint.internal.engine.Program.GlobalPool;
import org.multipoint.internal.engine.Program.Instruction;
import org.multipoint.internal.engine.Program.IntegerWeights;
import org.multipoint.internal.engine.Program.Linear;
import org.multipoint.internal.engine.Program.Pad;
import org.multipoint.internal.engine.Program.Pool;
import org.multipoint.internal.engine.Program.PoolKind;
import org.multipoint.internal.engine.Program.Rectify;
import org.multipoint.internal.engine.Program.Shape;
import org.multipoint.internal.ops.InputQuantization;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A program arranged, for inputs of given shapes, for engines that can do more than one instruction at a time and can hold values as
 * integers: which instructions go together, and in which form each value is wanted. The results are the program's up to rounding of
 * floating point.
 *
 * <ul>
 * <li>Rectifiers and additions after a linear operation are done while its result is still in registers. Of the operands of an
 * addition the one that is made last takes the addition in, if all of them are as large as the sum.</li>
 * <li>Padding becomes part of the convolution or maximum that reads it.</li>
 * <li>What only quantized operations read is written as their integers. Maximum, merging, padding and flattening commute with
 * rounding, so they pass integers through. Sums and means are taken of floating values: nothing is rounded that the program does
 * not round.</li>
 * </ul>
 */
final class Fusion {

    /** What happens to a result before it is written, in this order. */
    sealed interface Extra {
    }

    /** {@link Rectify} */
    record Bound(float upper) implements Extra {
    }

    /** The addition of another value. */
    record Plus(int value) implements Extra {
    }

    /** An instruction, what was taken into it, and which value and form it writes. */
    static final class Node {
        private final Instruction instruction;
        private final int value;
        private int input;
        private Frame frame = Frame.NONE;
        private final List<Extra> extras = new ArrayList<>();
        private int result;
        private Optional<InputQuantization> form = Optional.empty();
        private Optional<InputQuantization> operandForm = Optional.empty();

        private Node(Instruction instruction, int value) {
            this.instruction = instruction;
            this.value = value;
            this.input = instruction.reads().get(0);
            this.result = value;
        }

        Instruction instruction() {
            return instruction;
        }

        /** Number of the value that the instruction by itself makes in the program. */
        int value() {
            return value;
        }

        /** Zeros around the first input. */
        Frame frame() {
            return frame;
        }

        List<Extra> extras() {
            return extras;
        }

        /** The value that it makes with all that was taken in. */
        int result() {
            return result;
        }

        /** How the result is written: quantized, or floating (empty). */
        Optional<InputQuantization> form() {
            return form;
        }

        /** Values that the instruction itself reads, without those that extras add. */
        List<Integer> operands() {
            return instruction.reads().size() == 1 ? List.of(input) : instruction.reads();
        }

        /** In which form the operands are read. */
        Optional<InputQuantization> operandForm() {
            return operandForm;
        }

        /** Values that extras add; always floating. */
        List<Integer> addends() {
            return extras.stream().filter(Plus.class::isInstance).map(e -> ((Plus) e).value).toList();
        }
    }

    private final Program program;
    private final List<Shape> shapes;
    private final int[] uses;
    private final List<Node> nodes = new ArrayList<>();
    private final Map<Integer, Node> makers = new HashMap<>();
    private final Map<Integer, Pad> pads = new HashMap<>();
    private final Map<Integer, Set<Optional<InputQuantization>>> wanted = new HashMap<>();

    /**
     * @param program weights do not matter
     * @param shapes  of all values
     */
    Fusion(Program program, List<Shape> shapes) {
        this.program = program;
        this.shapes = shapes;
        this.uses = program.uses();
        for (int i = 0; i < program.instructions().size(); i++) {
            place(program.instructions().get(i), program.inputs() + i);
        }
        chooseForms();
    }

    /** In the order in which they run. */
    List<Node> nodes() {
        return nodes;
    }

    /** The forms in which a value is read by any node, or by the caller (floating). */
    Set<Optional<InputQuantization>> wanted(int value) {
        return wanted.getOrDefault(value, Set.of());
    }

    private void place(Instruction instruction, int value) {
        boolean taken = instruction instanceof Rectify r && intoMaker(r.input(), new Bound(r.upper()), value)
                || instruction instanceof Add a && intoLastOperand(a, value)
                || instruction instanceof Pad p && intoReader(p, value);
        if (!taken) {
            Node node = new Node(instruction, value);
            Pad pad = pads.get(node.input);
            if (pad != null) {
                node.input = pad.input();
                node.frame = pad.frame();
            }
            nodes.add(node);
            makers.put(value, node);
        }
    }

    private boolean intoMaker(int input, Extra extra, int value) {
        Node maker = makers.get(input);
        if (maker == null || uses[input] > 1 || !takesExtras(maker)) {
            return false;
        }
        maker.extras.add(extra);
        remake(maker, value);
        return true;
    }

    private static boolean takesExtras(Node node) {
        return node.instruction instanceof Linear || node.instruction instanceof Affine
                || node.instruction instanceof Add a && a.reads().size() > 1;
    }

    private boolean intoLastOperand(Add add, int value) {
        if (add.reads().stream().anyMatch(v -> !shapes.get(v).equals(shapes.get(value)))) {
            return false;
        }
        Optional<Integer> last = add.reads().stream().filter(makers::containsKey)
                .max(Comparator.comparingInt(v -> nodes.indexOf(makers.get(v))));
        if (last.isEmpty() || uses[last.get()] > 1 || !(makers.get(last.get()).instruction instanceof Linear)) {
            return false;
        }
        Node maker = makers.get(last.get());
        add.reads().stream().filter(v -> !v.equals(last.get())).forEach(v -> maker.extras.add(new Plus(v)));
        remake(maker, value);
        return true;
    }

    /**
     * A frame of zeros is the same to a convolution as its own padding, and to a maximum of values that are not negative, if there is
     * such a value.
     */
    private boolean intoReader(Pad pad, int value) {
        List<Instruction> readers = program.instructions().stream().filter(i -> i.reads().contains(value)).toList();
        boolean fits = uses[value] == 1 && readers.size() == 1 && (readers.get(0) instanceof Linear
                || readers.get(0) instanceof Pool p && p.kind() == PoolKind.MAX && notNegative(pad.input())
                && !p.window().readsOnlyPaddingSomewhere(pad.frame().geometry(p.window(), shapes.get(pad.input()))));
        if (fits) {
            pads.put(value, pad);
        }
        return fits;
    }

    private boolean notNegative(int value) {
        Node maker = makers.get(value);
        return maker != null && (maker.instruction instanceof Rectify && maker.extras.isEmpty()
                || !maker.extras.isEmpty() && maker.extras.get(maker.extras.size() - 1) instanceof Bound);
    }

    private void remake(Node maker, int value) {
        makers.remove(maker.result);
        maker.result = value;
        makers.put(value, maker);
    }

    private void chooseForms() {
        want(program.result(), Optional.empty());
        for (int i = nodes.size() - 1; i >= 0; i--) {
            Node node = nodes.get(i);
            Set<Optional<InputQuantization>> forms = wanted(node.result);
            if (forms.size() == 1 && writesIntegers(node.instruction)) {
                node.form = forms.iterator().next();
            }
            node.operandForm = node.form;
            if (node.instruction instanceof Linear l) {
                node.operandForm = l.weights() instanceof IntegerWeights w ? Optional.of(w.input()) : Optional.empty();
            }
            node.operands().forEach(v -> want(v, node.operandForm));
            node.addends().forEach(v -> want(v, Optional.empty()));
        }
    }

    private void want(int value, Optional<InputQuantization> form) {
        wanted.computeIfAbsent(value, v -> new LinkedHashSet<>()).add(form);
    }

    private static boolean writesIntegers(Instruction instruction) {
        return instruction instanceof Linear l && l.weights() instanceof IntegerWeights
                || instruction instanceof Concat || instruction instanceof Pad || instruction instanceof Flatten
                || instruction instanceof Pool p && p.kind() == PoolKind.MAX
                || instruction instanceof GlobalPool g && g.kind() == PoolKind.MAX;
    }
}
