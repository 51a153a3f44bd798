package org.multipoint.internal.engine;

import org.multipoint.internal.engine.Program.Add;
import org.multipoint.internal.engine.Program.Affine;
import org.multipoint.internal.engine.Program.Concat;
import org.multipoint.internal.engine.Program.Flatten;
import org.multipoint.internal.engine.Program.Frame;
import org.multipoint.internal.engine.Program.GlobalPool;
import org.multipoint.internal.engine.Program.Instruction;
import org.multipoint.internal.engine.Program.Linear;
import org.multipoint.internal.engine.Program.Pad;
import org.multipoint.internal.engine.Program.Pool;
import org.multipoint.internal.engine.Program.PoolKind;
import org.multipoint.internal.engine.Program.Rectify;
import org.multipoint.internal.engine.Program.Shape;
import org.multipoint.internal.engine.Program.Softmax;
import org.multipoint.internal.ops.InputQuantization;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * An arrangement of a program, for given input shapes, for engines that can execute several instructions in one step and can hold values as
 * integers: which instructions are fused, and in which form each value is read. Results are the program's up to floating-point rounding.
 *
 * <ul>
 * <li>Activations, additions and other arithmetic after a linear operation or after other arithmetic are fused into it. Of the operands of
 * an addition the one that is computed last absorbs the addition, if all of them are as large as the sum.</li>
 * <li>Padding is fused into the convolution or maximum that reads it.</li>
 * <li>What only quantized operations read is written as their integers. Maxima of windows, merging, padding and what only moves values
 * commute with rounding, so they pass integers through. Additions read integers of what they round; otherwise activations, arithmetic and means read
 * floating values: nothing is rounded that the program does not round.</li>
 * </ul>
 */
final class Fusion {

    /** Bytes in the widest vectors of common CPUs: maxima of fewer channels are quicker of floating values. */
    private static final int VECTOR = 64;
    /** Extras of one node: the library takes 32 post-operations, of which operands and rounding need some. */
    private static final int MOST_EXTRAS = 12;

    /**
     * A value that a node reads.
     *
     * @param form quantized, or floating (empty)
     */
    record Read(int value, Optional<InputQuantization> form) {
    }

    /** An instruction, what was fused into it, and which value it writes in which form. */
    static final class Node {
        private final Instruction instruction;
        private final int value;
        private int input;
        private Frame frame = Frame.NONE;
        private final List<Extra> extras = new ArrayList<>();
        private int result;
        private Optional<InputQuantization> form = Optional.empty();
        private List<Read> operands = List.of();

        private Node(Instruction instruction, int value) {
            this.instruction = instruction;
            this.value = value;
            this.input = instruction.reads().get(0);
            this.result = value;
        }

        Instruction instruction() {
            return instruction;
        }

        /** Number of the value that the instruction by itself computes in the program. */
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

        /** Number of the value that it computes with all that was fused into it. */
        int result() {
            return result;
        }

        /** How the result is written: quantized, or floating (empty). */
        Optional<InputQuantization> form() {
            return form;
        }

        /** What the instruction itself reads, without what extras read. */
        List<Read> operands() {
            return operands;
        }

        /** What extras read. */
        List<Read> others() {
            return extras.stream().flatMap(e -> e.reads().stream()).toList();
        }

        /** Whether it reads a value in a form. */
        boolean reads(Read read) {
            return operands.contains(read) || others().contains(read);
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

    /** The nodes in execution order. */
    List<Node> nodes() {
        return nodes;
    }

    /** The forms in which a value is read by any node, or by the caller (floating). */
    Set<Optional<InputQuantization>> wanted(int value) {
        return wanted.getOrDefault(value, Set.of());
    }

    private void place(Instruction instruction, int value) {
        if (!traits(instruction).absorbed.test(value)) {
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

    /** In which form an instruction reads each of its operands, given the form it writes. */
    private interface OperandForm {
        Optional<InputQuantization> of(int operand, Optional<InputQuantization> written);
    }

    /** How an instruction can be fused; by default not at all. */
    private static final class Traits {
        private IntPredicate absorbed = value -> false;
        private Predicate<Pad> takesPadding = pad -> false;
        private OperandForm operandForm = (operand, written) -> written;
        private boolean takesFunctions;
        private boolean takesOperands;
        private boolean writesIntegers;
        private boolean notNegative;

        /**
         * @param into given the number of the instruction's value, fuses it into another node; false where that is not possible
         */
        Traits absorbed(IntPredicate into) {
            absorbed = into;
            return this;
        }

        /** Which padding of its input it can absorb. */
        Traits takesPadding(Predicate<Pad> which) {
            takesPadding = which;
            return this;
        }

        /** The form that it reads, independent of the form it writes; by default both are the same. */
        Traits reads(Optional<InputQuantization> form) {
            operandForm = (operand, written) -> form;
            return this;
        }

        /** The form in which it reads each operand, independent of the form it writes. */
        Traits reads(List<Optional<InputQuantization>> forms) {
            operandForm = (operand, written) -> forms.get(operand);
            return this;
        }

        /** Functions of its values can be fused into it. */
        Traits takesFunctions() {
            takesFunctions = true;
            return this;
        }

        /** Whether operations with other values can be fused into it. */
        Traits takesOperands(boolean can) {
            takesOperands = can;
            return this;
        }

        /** It computes floating values, takes in what is computed of them, and can write the result as integers. */
        Traits arithmetic() {
            return takesFunctions().takesOperands(true).reads(Optional.empty()).writesIntegers(true);
        }

        /** Whether its result can be written as integers. */
        Traits writesIntegers(boolean can) {
            writesIntegers = can;
            return this;
        }

        /** Its results are never negative. */
        Traits notNegative() {
            notNegative = true;
            return this;
        }
    }

    private Traits traits(Instruction instruction) {
        return instruction.accept(new Program.Visitor<>() {
            @Override
            public Traits visit(Linear linear) {
                Optional<InputQuantization> quantization = linear.weights().quantization();
                boolean transposed = linear.op().transposed();
                return new Traits().takesFunctions().takesOperands(!transposed).takesPadding(pad -> !transposed)
                        .writesIntegers(quantization.isPresent()).reads(quantization);
            }

            @Override
            public Traits visit(Affine affine) {
                return new Traits().arithmetic();
            }

            @Override
            public Traits visit(Rectify rectify) {
                return new Traits().arithmetic().absorbed(value -> intoMaker(rectify.input(), new Extra.Bound(rectify.upper()), value)).notNegative();
            }

            @Override
            public Traits visit(Activate activate) {
                Extra extra = new Extra.Apply(activate.function());
                return new Traits().arithmetic().absorbed(value -> intoMaker(activate.input(), extra, value));
            }

            @Override
            public Traits visit(Slope slope) {
                return new Traits().arithmetic().absorbed(value -> slope.perChannel() && isMadeByLinear(slope.input())
                        && intoMaker(slope.input(), new Extra.Slopes(slope), value));
            }

            @Override
            public Traits visit(Softmax softmax) {
                return new Traits();
            }

            @Override
            public Traits visit(Normalize normalize) {
                return new Traits().arithmetic();
            }

            @Override
            public Traits visit(Add add) {
                Traits traits = add.reads().size() > 1 ? new Traits().arithmetic() : new Traits();
                return traits.reads(add.roundings()).absorbed(value -> intoLastOperand(add.reads(), i -> new Extra.Plus(add.reads().get(i), add.roundings().get(i)), value));
            }

            @Override
            public Traits visit(Combine combine) {
                return new Traits().arithmetic().absorbed(value -> (combine.operation() != Combine.Operation.DIFFERENCE
                        || lastOperand(combine.reads()).equals(Optional.of(combine.reads().get(0))))
                        && intoLastOperand(combine.reads(), i -> new Extra.Combined(combine.operation(), combine.reads().get(i)), value));
            }

            @Override
            public Traits visit(Concat concat) {
                return new Traits().writesIntegers(true);
            }

            @Override
            public Traits visit(Pool pool) {
                boolean maximum = pool.kind() == PoolKind.MAX;
                boolean fullVectors = shapes.get(pool.input()).c() >= VECTOR;
                return new Traits().writesIntegers(maximum && fullVectors).takesPadding(pad -> maximum && isNotNegative(pad.input())
                        && !pool.window().readsOnlyPaddingSomewhere(pad.frame().geometry(pool.window(), shapes.get(pad.input()))));
            }

            @Override
            public Traits visit(GlobalPool pool) {
                return new Traits().writesIntegers(pool.kind() == PoolKind.MAX);
            }

            @Override
            public Traits visit(Pad pad) {
                return new Traits().absorbed(value -> intoReader(pad, value)).writesIntegers(true);
            }

            @Override
            public Traits visit(Flatten flatten) {
                return new Traits().writesIntegers(true);
            }

            @Override
            public Traits visit(Rearrange rearrange) {
                return new Traits().writesIntegers(true);
            }
        });
    }

    private boolean intoMaker(int input, Extra extra, int value) {
        Node maker = makers.get(input);
        if (maker == null || uses[input] > 1 || maker.extras.size() >= MOST_EXTRAS || !traits(maker.instruction).takesFunctions) {
            return false;
        }
        maker.extras.add(extra);
        remake(maker, value);
        return true;
    }

    private boolean isMadeByLinear(int value) {
        Node maker = makers.get(value);
        return maker != null && maker.instruction instanceof Linear;
    }

    /**
     * @param extra given the index of an operand, what is done with it
     */
    private boolean intoLastOperand(List<Integer> reads, IntFunction<Extra> extra, int value) {
        Optional<Integer> last = lastOperand(reads);
        if (last.isEmpty() || uses[last.get()] > 1 || reads.stream().anyMatch(v -> !shapes.get(v).equals(shapes.get(value)))
                || makers.get(last.get()).extras.size() + reads.size() > MOST_EXTRAS
                || !traits(makers.get(last.get()).instruction).takesOperands
                || extra.apply(reads.indexOf(last.get())).reads().stream().anyMatch(read -> read.form().isPresent())) {
            return false;
        }
        Node maker = makers.get(last.get());
        IntStream.range(0, reads.size()).filter(i -> !reads.get(i).equals(last.get())).forEach(i -> maker.extras.add(extra.apply(i)));
        remake(maker, value);
        return true;
    }

    /** The operand that is computed last; empty where all are inputs. */
    private Optional<Integer> lastOperand(List<Integer> reads) {
        return reads.stream().filter(makers::containsKey).max(Comparator.comparingInt(v -> nodes.indexOf(makers.get(v))));
    }

    /**
     * Zero padding is equivalent to a convolution's own padding, and to that of a maximum over values that are not negative, where each
     * window holds such a value.
     */
    private boolean intoReader(Pad pad, int value) {
        List<Instruction> readers = program.instructions().stream().filter(i -> i.reads().contains(value)).toList();
        boolean fits = uses[value] == 1 && readers.size() == 1 && traits(readers.get(0)).takesPadding.test(pad);
        if (fits) {
            pads.put(value, pad);
        }
        return fits;
    }

    private boolean isNotNegative(int value) {
        Node maker = makers.get(value);
        return maker != null && (maker.extras.isEmpty() ? traits(maker.instruction).notNegative
                : maker.extras.get(maker.extras.size() - 1).notNegative());
    }

    private void remake(Node maker, int value) {
        makers.remove(maker.result);
        maker.result = value;
        makers.put(value, maker);
    }

    private void chooseForms() {
        program.results().forEach(v -> want(v, Optional.empty()));
        for (int i = nodes.size() - 1; i >= 0; i--) {
            Node node = nodes.get(i);
            Traits traits = traits(node.instruction);
            Set<Optional<InputQuantization>> forms = wanted(node.result);
            if (forms.size() == 1 && traits.writesIntegers) {
                node.form = forms.iterator().next();
            }
            List<Integer> operands = node.instruction.reads().size() == 1 ? List.of(node.input) : node.instruction.reads();
            node.operands = IntStream.range(0, operands.size())
                    .mapToObj(o -> new Read(operands.get(o), traits.operandForm.of(o, node.form))).toList();
            node.operands.forEach(read -> want(read.value, read.form));
            node.others().forEach(read -> want(read.value, read.form));
        }
    }

    private void want(int value, Optional<InputQuantization> form) {
        wanted.computeIfAbsent(value, v -> new LinkedHashSet<>()).add(form);
    }
}
