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
import java.util.function.Function;

/** A program on oneDNN: images are channels last, integers unsigned bytes. */
final class OneDnnExecutable implements Executable {

    /** Without weights. */
    private final Program program;
    /** By the number of the value that the operation computes. */
    private final Map<Integer, OneDnnConvolution> linear = new HashMap<>();
    /** Likewise for deconvolutions. */
    private final Map<Integer, OneDnnDeconvolution> transposed = new HashMap<>();
    private final OneDnnPlans<Prepared> plans = new OneDnnPlans<>();
    private Call last;
    private boolean closed;

    /**
     * A plan for consecutive examples of a batch, and the buffers that are bound to arrays of the caller.
     *
     * @param first index of the first example
     */
    private record Part(int first, OneDnnPlan plan, List<OneDnnPlan.Buffer> inputs, List<OneDnnPlan.Buffer> results) {
    }

    /** Plans for all parts of a batch, which run at the same time, and the shapes of all values for the whole batch. */
    private record Prepared(List<Part> parts, List<Shape> shapes) implements AutoCloseable {

        void run(INDArray[] inputs, List<INDArray> results) {
            for (Part part : parts) {
                for (int i = 0; i < inputs.length; i++) {
                    part.inputs.get(i).bind(address(inputs[i]) + Float.BYTES * part.first * inputs[i].stride(0));
                }
                for (int i = 0; i < results.size(); i++) {
                    INDArray result = results.get(i);
                    part.results.get(i).bind(address(result) + Float.BYTES * part.first * (result.length() / result.size(0)));
                }
            }
            if (parts.size() == 1) {
                parts.get(0).plan.run();
            } else {
                OneDnnThreads.shared().runAll(parts.stream().<Runnable>map(part -> part.plan::run).toList());
            }
        }

        @Override
        public void close() {
            parts.forEach(part -> part.plan.close());
        }
    }

    /**
     * @param codeLimit largest absolute code of a weight whose sums are exact
     */
    OneDnnExecutable(Program program, int codeLimit) {
        AffineFolding folding = AffineFolding.of(program);
        this.program = folding.program().withoutWeights();
        Cleanup.onFailure(this::close, () -> program.linear().forEach((value, l) -> {
            FusedLinear fused = folding.fused(value, l, codeLimit);
            if (l.op().transposed()) {
                transposed.put(value, new OneDnnDeconvolution(fused));
            } else {
                linear.put(value, new OneDnnConvolution(fused));
            }
        }));
    }

    @Override
    public synchronized List<INDArray> runAll(Function<List<long[]>, List<INDArray>> allocate, INDArray... inputs) {
        if (closed) {
            throw new IllegalStateException("This program was closed");
        }
        INDArray[] arrays = inputs;
        if (last == null || !last.fits(inputs)) {
            arrays = readable(inputs);
            last = plan(arrays);
        }
        Prepared p = last.prepared;
        List<INDArray> results = allocate.apply(Images.arrayShapes(program, p.shapes, last.ranks));
        p.run(arrays, results);
        Reference.reachabilityFence(arrays);
        return results;
    }

    /** The layouts of the last call's inputs, and its plan: most calls are alike, and comparing these is quicker than a look-up. */
    private static final class Call {
        private final long[][] shapes;
        private final long[][] strides;
        private final int[] ranks;
        private final Prepared prepared;

        /**
         * @param ranks of the results' arrays
         */
        Call(INDArray[] inputs, int[] ranks, Prepared prepared) {
            this.shapes = Arrays.stream(inputs).map(INDArray::shape).toArray(long[][]::new);
            this.strides = Arrays.stream(inputs).map(INDArray::stride).toArray(long[][]::new);
            this.ranks = ranks;
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
        return new Call(arrays, program.ranks(Arrays.stream(arrays).mapToInt(INDArray::rank).toArray()), prepared);
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
        int examples = shapes.get(0).n();
        // Where a value has another number of examples, they may depend on each other.
        int[] sizes = shapes.stream().allMatch(s -> s.n() == examples) ? OneDnnThreads.shared().parts(examples) : new int[]{examples};
        if (sizes.length == 1) {
            return new Prepared(List.of(part(0, layouts)), shapes);
        }
        List<Part> parts = new ArrayList<>();
        Prepared prepared = new Prepared(parts, shapes);
        // How many threads an operation uses is decided where it is made.
        OneDnnThreads.shared().alone(() -> Cleanup.onFailure(prepared::close, () -> {
            int first = 0;
            for (int size : sizes) {
                parts.add(part(first, layouts.stream().map(layout -> layout.examples(size)).toList()));
                first += size;
            }
        }));
        return prepared;
    }

    private Part part(int first, List<OneDnnImage> layouts) {
        List<Shape> shapes = program.shapes(layouts.stream().map(OneDnnImage::shape).toList());
        Fusion fusion = new Fusion(program, shapes);
        OneDnnPlan plan = new OneDnnPlan();
        OneDnnPlanner planner = new OneDnnPlanner(program, linear, transposed, plan, shapes, fusion);
        List<OneDnnPlan.Buffer> inputs = new ArrayList<>();
        List<OneDnnPlan.Buffer> results = new ArrayList<>();
        Cleanup.onFailure(plan::close, () -> {
            for (int i = 0; i < layouts.size(); i++) {
                inputs.add(planner.read(i, layouts.get(i)));
            }
            program.results().forEach(value -> results.add(planner.target(value)));
            for (int i = 0; i < fusion.nodes().size(); i++) {
                planner.add(i);
            }
            plan.finish();
        });
        return new Part(first, plan, inputs, results);
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            plans.close();
            linear.values().forEach(OneDnnConvolution::close);
            transposed.values().forEach(OneDnnDeconvolution::close);
        }
    }
}
