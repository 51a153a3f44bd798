package org.multipoint.internal.engine;

import org.multipoint.internal.engine.Program.Shape;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** A program on oneDNN: images are channels last, integers unsigned bytes. */
final class OneDnnExecutable implements Executable {

    /** Without weights. */
    private final Program program;
    /** By the number of the value that the operation computes. */
    private final Map<Integer, OneDnnConvolution> linear = new HashMap<>();
    private final OneDnnPlans<Prepared> plans = new OneDnnPlans<>();
    private Call last;
    private boolean closed;

    /** A plan and the buffers that are bound to arrays of the caller. */
    private record Prepared(OneDnnPlan plan, List<OneDnnPlan.Buffer> inputs, OneDnnPlan.Buffer result, Shape resultShape)
            implements AutoCloseable {
        @Override
        public void close() {
            plan.close();
        }
    }

    /**
     * @param codeLimit largest absolute code of a weight whose sums are exact
     */
    OneDnnExecutable(Program program, int codeLimit) {
        AffineFolding folding = AffineFolding.of(program);
        this.program = folding.program().withoutWeights();
        Cleanup.onFailure(this::close, () -> program.linear().forEach(
                (value, l) -> linear.put(value, new OneDnnConvolution(folding.fused(value, l, codeLimit)))));
    }

    @Override
    public synchronized INDArray run(Function<long[], INDArray> allocate, INDArray... inputs) {
        if (closed) {
            throw new IllegalStateException("This program was closed");
        }
        INDArray[] arrays = inputs;
        if (last == null || !last.fits(inputs)) {
            arrays = readable(inputs);
            last = plan(arrays);
        }
        Prepared p = last.prepared;
        INDArray result = allocate.apply(Images.arrayShape(p.resultShape, last.rank, program.channelsLast()));
        for (int i = 0; i < arrays.length; i++) {
            p.inputs.get(i).bind(address(arrays[i]));
        }
        p.result.bind(address(result));
        p.plan.run();
        Reference.reachabilityFence(arrays);
        return result;
    }

    /** The layouts of the last call's inputs, and its plan: most calls are alike, and comparing these is quicker than a look-up. */
    private static final class Call {
        private final long[][] shapes;
        private final long[][] strides;
        private final int rank;
        private final Prepared prepared;

        /**
         * @param rank of the result's array
         */
        Call(INDArray[] inputs, int rank, Prepared prepared) {
            this.shapes = Arrays.stream(inputs).map(INDArray::shape).toArray(long[][]::new);
            this.strides = Arrays.stream(inputs).map(INDArray::stride).toArray(long[][]::new);
            this.rank = rank;
            this.prepared = prepared;
        }

        boolean fits(INDArray[] inputs) {
            if (inputs.length != shapes.length) {
                return false;
            }
            for (int i = 0; i < inputs.length; i++) {
                if (!Arrays.equals(shapes[i], inputs[i].shape()) || !Arrays.equals(strides[i], inputs[i].stride())
                        || inputs[i].dataType() != DataType.FLOAT) {
                    return false;
                }
            }
            return true;
        }
    }

    private Call plan(INDArray[] arrays) {
        List<OneDnnImage> layouts = Arrays.stream(arrays).map(x -> OneDnnImage.of(x, program.channelsLast())).toList();
        Prepared prepared = plans.get(layouts, () -> prepare(layouts));
        return new Call(arrays, program.rank(Arrays.stream(arrays).mapToInt(INDArray::rank).toArray()), prepared);
    }

    private INDArray[] readable(INDArray[] inputs) {
        return Arrays.stream(inputs).map(x -> OneDnnImage.of(x, program.channelsLast()).readable() ? x : copy(x))
                .toArray(INDArray[]::new);
    }

    private static INDArray copy(INDArray array) {
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            return array.dup('c');
        }
    }

    private static long address(INDArray array) {
        return array.data().address() + Float.BYTES * array.offset();
    }

    private Prepared prepare(List<OneDnnImage> layouts) {
        List<Shape> shapes = program.shapes(layouts.stream().map(OneDnnImage::shape).toList());
        OneDnnImage result = OneDnnImage.dense(shapes.get(program.result()), program.channelsLast());
        Fusion fusion = new Fusion(program, shapes);
        OneDnnPlan plan = new OneDnnPlan();
        OneDnnPlanner planner = new OneDnnPlanner(program, linear, plan, shapes, fusion);
        List<OneDnnPlan.Buffer> bound = new ArrayList<>();
        Cleanup.onFailure(plan::close, () -> {
            for (int i = 0; i < layouts.size(); i++) {
                bound.add(planner.read(i, layouts.get(i)));
            }
            OneDnnPlan.Buffer target = plan.bound(result.desc());
            if (result.isChannelsLast()) {
                planner.writeResultTo(target);
            }
            for (int i = 0; i < fusion.nodes().size(); i++) {
                planner.add(i);
            }
            if (!result.isChannelsLast()) {
                plan.reorder(planner.at(program.result(), Optional.empty()), target);
            }
            bound.add(target);
            plan.finish();
        });
        int inputs = layouts.size();
        return new Prepared(plan, bound.subList(0, inputs), bound.get(inputs), shapes.get(program.result()));
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            plans.close();
            linear.values().forEach(OneDnnConvolution::close);
        }
    }
}
