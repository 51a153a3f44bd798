package org.multipoint.internal.engine;

import org.multipoint.internal.ops.Geometry;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp.PaddingMode;
import org.multipoint.internal.ops.Tensor;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Broadcast;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** A program on ND4J. Values between instructions are images {@code [n, c, h, w]} in 'c' order. */
final class Nd4jExecutable implements Executable {

    private final Program program;
    /** By the number of the value that the operation computes. */
    private final Map<Integer, Nd4jLinear> linear = new HashMap<>();
    private final int[] uses;
    private boolean closed;

    Nd4jExecutable(Program program) {
        this.program = program.withoutWeights();
        this.uses = program.uses();
        Cleanup.onFailure(this::close, () -> program.linear().forEach(
                (value, l) -> linear.put(value, new Nd4jLinear(FusedLinear.of(l, FusedRows.FULL_LIMIT)))));
    }

    @Override
    public synchronized List<INDArray> runAll(Function<List<long[]>, List<INDArray>> allocate, INDArray... inputs) {
        if (closed) {
            throw new IllegalStateException("This program was closed");
        }
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            List<Program.Shape> shapes = program.shapes(Arrays.stream(inputs)
                    .map(x -> Images.shape(x, program.channelsLast())).toList());
            int[] ranks = program.ranks(Arrays.stream(inputs).mapToInt(INDArray::rank).toArray());
            List<INDArray> values = new ArrayList<>();
            for (INDArray input : inputs) {
                values.add(Images.of(input, program.channelsLast()));
            }
            int[] left = uses.clone();
            for (Program.Instruction instruction : program.instructions()) {
                int value = values.size();
                List<INDArray> in = instruction.reads().stream().map(values::get).toList();
                values.add(instruction.accept(new Step(value, in, shapes.get(value))));
                for (int v : instruction.reads()) {
                    if (--left[v] == 0 && v >= inputs.length) {
                        values.set(v, null);
                    }
                }
            }
            List<INDArray> results = allocate.apply(Images.arrayShapes(program, shapes, ranks));
            for (int i = 0; i < ranks.length; i++) {
                INDArray value = values.get(program.results().get(i));
                INDArray ordered = program.channelsLast() && ranks[i] > 2 ? value.permute(0, 2, 3, 1).dup('c') : value;
                results.get(i).assign(ordered.reshape('c', results.get(i).shape()));
            }
            return results;
        }
    }

    /** Executes one instruction. */
    private final class Step implements Program.Visitor<INDArray> {
        /** Number of the value that the instruction computes. */
        private final int value;
        private final List<INDArray> in;
        private final INDArray x;
        private final Program.Shape shape;

        /**
         * @param in    what it reads
         * @param shape of its result
         */
        Step(int value, List<INDArray> in, Program.Shape shape) {
            this.value = value;
            this.in = in;
            this.x = in.get(0);
            this.shape = shape;
        }

        @Override
        public INDArray visit(Program.Linear l) {
            return linear.get(value).apply(x);
        }

        @Override
        public INDArray visit(Program.Affine a) {
            INDArray y = x.dup('c');
            Broadcast.mul(y, Nd4j.createFromArray(a.factor()), y, 1);
            return Broadcast.add(y, Nd4j.createFromArray(a.shift()), y, 1);
        }

        @Override
        public INDArray visit(Program.Rectify r) {
            INDArray y = Transforms.max(x, 0, true);
            return r.upper() < Float.POSITIVE_INFINITY ? Transforms.min(y, r.upper(), false) : y;
        }

        @Override
        public INDArray visit(Activate a) {
            return Nd4jFunctions.apply(a.function(), x);
        }

        @Override
        public INDArray visit(Slope s) {
            Program.Shape t = s.sizes();
            INDArray negative = Transforms.min(x, 0, true).muli(Nd4j.create(s.slopes(), new long[]{1, t.c(), t.h(), t.w()}, 'c'));
            return negative.addi(Transforms.max(x, 0, true));
        }

        @Override
        public INDArray visit(Program.Softmax s) {
            INDArray y = x.dup('c');
            Nd4j.exec(DynamicCustomOp.builder("softmax").addInputs(x.dup('c')).addOutputs(y).addIntegerArguments(1).build());
            return y;
        }

        @Override
        public INDArray visit(Normalize n) {
            return x.div(Transforms.max(x.norm2(true, 1, 2, 3), n.least(), false));
        }

        @Override
        public INDArray visit(Program.Add a) {
            INDArray y = Nd4j.create(DataType.FLOAT, shape.n(), shape.c(), shape.h(), shape.w());
            for (int i = 0; i < in.size(); i++) {
                INDArray addend = in.get(i);
                y.addi(a.roundings().get(i).map(q -> rounded(addend, q)).orElse(addend));
            }
            return y;
        }

        private INDArray rounded(INDArray addend, InputQuantization q) {
            return Nd4j.create(q.round(Tensor.of(addend)).data(), addend.shape(), 'c');
        }

        @Override
        public INDArray visit(Combine c) {
            INDArray y = Nd4j.create(DataType.FLOAT, shape.n(), shape.c(), shape.h(), shape.w()).addi(x);
            for (INDArray other : in.subList(1, in.size())) {
                switch (c.operation()) {
                    case PRODUCT -> y.muli(other);
                    case DIFFERENCE -> y.subi(other);
                    case MAXIMUM -> y = Nd4j.exec(DynamicCustomOp.builder("maximum").addInputs(y, other).addOutputs(y.ulike()).build())[0];
                }
            }
            return y;
        }

        @Override
        public INDArray visit(Program.Concat c) {
            return Nd4j.concat(c.axis(), in.toArray(INDArray[]::new)).dup('c');
        }

        @Override
        public INDArray visit(Program.Pool p) {
            return pool(p, x);
        }

        @Override
        public INDArray visit(Program.GlobalPool p) {
            return (p.kind() == Program.PoolKind.MAX ? x.max(true, 2, 3) : x.mean(true, 2, 3)).dup('c');
        }

        @Override
        public INDArray visit(Program.Pad p) {
            Program.Frame f = p.frame();
            return Nd4jLinear.framed(x, f.top(), f.bottom(), f.left(), f.right());
        }

        @Override
        public INDArray visit(Program.Flatten f) {
            return x.permute(0, 2, 3, 1).dup('c').reshape(x.size(0), x.length() / x.size(0), 1, 1);
        }

        @Override
        public INDArray visit(Rearrange r) {
            float[] values = Tensor.of(x.permute(0, 2, 3, 1)).data();
            for (StridedCopy copy : r.copies(new Program.Shape((int) x.size(0), (int) x.size(1), (int) x.size(2), (int) x.size(3)))) {
                float[] moved = new float[shape.n() * shape.c() * shape.h() * shape.w()];
                copy.run(values, moved);
                values = moved;
            }
            return Nd4j.create(values, new long[]{shape.n(), shape.h(), shape.w(), shape.c()}, 'c').permute(0, 3, 1, 2).dup('c');
        }
    }

    private static INDArray pool(Program.Pool p, INDArray x) {
        boolean same = p.window().paddingMode() == PaddingMode.SAME;
        Geometry g = p.window().geometry((int) x.size(2), (int) x.size(3));
        INDArray out = Nd4j.create(DataType.FLOAT, x.size(0), x.size(1), g.outHeight(), g.outWidth());
        Nd4j.exec(DynamicCustomOp.builder(p.kind() == Program.PoolKind.MAX ? "maxpool2d" : "avgpool2d")
                .addInputs(x.dup('c')).addOutputs(out)
                .addIntegerArguments(p.window().kernel().height(), p.window().kernel().width(),
                        p.window().stride().height(), p.window().stride().width(), g.padTop(), g.padLeft(),
                        p.window().dilation().height(), p.window().dilation().width(), same ? 1 : 0,
                        p.kind() == Program.PoolKind.MEAN_WITH_PADDING ? 1 : 0, 0).build());
        return out;
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            linear.values().forEach(Nd4jLinear::close);
        }
    }
}
