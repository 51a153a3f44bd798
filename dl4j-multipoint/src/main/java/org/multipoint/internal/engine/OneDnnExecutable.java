package org.multipoint.internal.engine;

import org.bytedeco.dnnl.binary;
import org.bytedeco.dnnl.concat;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.memory_desc_vector;
import org.bytedeco.dnnl.pooling_forward;
import org.bytedeco.dnnl.primitive_attr;
import org.bytedeco.dnnl.softmax_forward;
import org.multipoint.internal.engine.Program.Shape;
import org.multipoint.internal.ops.Geometry;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.Window;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.lang.ref.Reference;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/** A program on oneDNN: images are channels last, integers unsigned bytes. */
final class OneDnnExecutable implements Executable {

    private static final int FIRST_MULTIPLE = dnnl.DNNL_ARG_MULTIPLE_SRC;
    /** On CPUs without AVX, depthwise convolutions that add in place crash where pixels are not aligned to this many values. */
    private static final int ALIGNED = 4;

    /** Without weights. */
    private final Program program;
    /** By the number of the value that the operation computes. */
    private final Map<Integer, OneDnnConvolution> linear = new HashMap<>();
    /** Likewise for deconvolutions. */
    private final Map<Integer, OneDnnDeconvolution> transposed = new HashMap<>();
    private final OneDnnPlans<Prepared> plans = new OneDnnPlans<>();
    private Call last;
    private boolean closed;

    /** A plan, the buffers that are bound to arrays of the caller, and the shapes of all values. */
    private record Prepared(OneDnnPlan plan, List<OneDnnPlan.Buffer> inputs, List<OneDnnPlan.Buffer> results, List<Shape> shapes)
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
        for (int i = 0; i < arrays.length; i++) {
            p.inputs.get(i).bind(address(arrays[i]));
        }
        for (int i = 0; i < results.size(); i++) {
            p.results.get(i).bind(address(results.get(i)));
        }
        p.plan.run();
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
        Fusion fusion = new Fusion(program, shapes);
        OneDnnPlan plan = new OneDnnPlan();
        Planner planner = new Planner(plan, shapes, fusion);
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
        return new Prepared(plan, inputs, results, shapes);
    }

    /** Turns nodes into steps of a plan for one set of shapes. */
    private final class Planner {
        private final OneDnnPlan plan;
        private final List<Shape> shapes;
        private final Fusion fusion;
        private final Map<Integer, Map<Optional<InputQuantization>, OneDnnPlan.Buffer>> buffers = new HashMap<>();
        private final List<OneDnnPlan.Buffer> callers = new ArrayList<>();
        /** Arrays of the caller by the number of the result that is written to them. */
        private final Map<Integer, OneDnnPlan.Buffer> targets = new HashMap<>();

        Planner(OneDnnPlan plan, List<Shape> shapes, Fusion fusion) {
            this.plan = plan;
            this.shapes = shapes;
            this.fusion = fusion;
        }

        OneDnnPlan.Buffer at(int value, Optional<InputQuantization> form) {
            return buffers.get(value).get(form);
        }

        private void put(int value, Optional<InputQuantization> form, OneDnnPlan.Buffer buffer) {
            buffers.computeIfAbsent(value, v -> new HashMap<>()).put(form, buffer);
        }

        /** Reads an input: first channels last, then as integers; two simple steps are faster than a combined one. */
        OneDnnPlan.Buffer read(int value, OneDnnImage layout) {
            OneDnnPlan.Buffer array = plan.bound(layout.desc());
            callers.add(array);
            OneDnnPlan.Buffer x = array;
            if (!layout.isChannelsLast()) {
                x = plan.buffer(OneDnnImage.between(shapes.get(value), Optional.empty()));
                plan.reorder(array, x);
            }
            put(value, Optional.empty(), x);
            quantize(value);
            return array;
        }

        /** The array of the caller that a result is written to. */
        OneDnnPlan.Buffer target(int value) {
            OneDnnPlan.Buffer array = plan.bound(OneDnnImage.dense(shapes.get(value), program.channelsLast()).desc());
            targets.put(value, array);
            return array;
        }

        /** Where a result is computed: its array, if that is channels last. */
        private Optional<OneDnnPlan.Buffer> direct(int value) {
            return Optional.ofNullable(targets.get(value))
                    .filter(t -> OneDnnImage.dense(shapes.get(value), program.channelsLast()).isChannelsLast());
        }

        /** Quantizes a floating value to each form in which it is read. */
        private void quantize(int value) {
            for (Optional<InputQuantization> form : fusion.wanted(value)) {
                if (form.isPresent()) {
                    OneDnnPlan.Buffer integers = plan.buffer(OneDnnImage.between(shapes.get(value), form));
                    plan.quantize(at(value, Optional.empty()), integers, form.get());
                    put(value, form, integers);
                }
            }
        }

        void add(int index) {
            Fusion.Node node = fusion.nodes().get(index);
            List<OneDnnPlan.Buffer> operands = node.operands().stream().map(v -> at(v, node.operandForm())).toList();
            OneDnnPlan.Buffer to = write(index, node, operands);
            put(node.result(), node.form(), to);
            if (node.form().isEmpty()) {
                quantize(node.result());
            }
            if (targets.containsKey(node.result()) && direct(node.result()).isEmpty()) {
                plan.reorder(to, targets.get(node.result()));
            }
        }

        private OneDnnPlan.Buffer write(int index, Fusion.Node node, List<OneDnnPlan.Buffer> operands) {
            Shape shape = shapes.get(node.result());
            OneDnnPlan.Buffer x = operands.get(0);
            return node.instruction().accept(new Program.Visitor<>() {
                @Override
                public OneDnnPlan.Buffer visit(Program.Linear l) {
                    return written(to -> {
                        if (l.op().transposed()) {
                            deconvolve(node, l.op(), x, to);
                        } else {
                            convolve(node, l.op(), x, to);
                        }
                    });
                }

                @Override
                public OneDnnPlan.Buffer visit(Program.Affine a) {
                    return written(to -> affine(node, a, x, to));
                }

                @Override
                public OneDnnPlan.Buffer visit(Program.Rectify r) {
                    return written(to -> plan.clip(x, to, 0, r.upper()));
                }

                @Override
                public OneDnnPlan.Buffer visit(Program.Softmax s) {
                    return written(to -> softmax(x, to));
                }

                @Override
                public OneDnnPlan.Buffer visit(Program.Add a) {
                    return written(to -> sum(node, operands, to));
                }

                @Override
                public OneDnnPlan.Buffer visit(Program.Concat c) {
                    return written(to -> merge(operands, to));
                }

                @Override
                public OneDnnPlan.Buffer visit(Program.Pool p) {
                    return written(to -> pool(node, p, x, to));
                }

                @Override
                public OneDnnPlan.Buffer visit(Program.GlobalPool p) {
                    Shape in = shapes.get(node.operands().get(0));
                    Window all = new Window(new LinearOp.Size(in.h(), in.w()), LinearOp.Size.ONE, LinearOp.Size.ONE, LinearOp.Size.ZERO,
                            LinearOp.PaddingMode.EXPLICIT, false);
                    return written(to -> pool(x, to, p.kind(), all, all.geometry(in.h(), in.w())));
                }

                @Override
                public OneDnnPlan.Buffer visit(Program.Pad p) {
                    return written(to -> OneDnnMargins.of(p.frame()).write(plan, x, shapes.get(node.operands().get(0)), to, node.form()));
                }

                @Override
                public OneDnnPlan.Buffer visit(Program.Flatten f) {
                    return flatten(node, x, shape);
                }

                private OneDnnPlan.Buffer written(Consumer<OneDnnPlan.Buffer> steps) {
                    OneDnnPlan.Buffer to = buffer(index, node, shape);
                    steps.accept(to);
                    return to;
                }
            });
        }

        /** Where a node writes: the array of a result, an addend that is not read again, or a new buffer. */
        private OneDnnPlan.Buffer buffer(int index, Fusion.Node node, Shape shape) {
            return direct(node.result()).or(() -> dyingAddend(index, node).map(v -> at(v, Optional.empty())))
                    .orElseGet(() -> plan.buffer(OneDnnImage.between(shape, node.form())));
        }

        private Optional<Integer> dyingAddend(int index, Fusion.Node node) {
            if (node.form().isPresent() || shapes.get(node.result()).c() % ALIGNED != 0) {
                return Optional.empty();
            }
            return node.addends().stream().filter(v -> !targets.containsKey(v)
                    && !callers.contains(at(v, Optional.empty()))
                    && node.addends().stream().filter(v::equals).count() == 1
                    && fusion.nodes().subList(index + 1, fusion.nodes().size()).stream().noneMatch(n -> readsFloating(n, v))
                    && !readsOperand(node, v)
                    && fusion.nodes().stream().noneMatch(n -> shares(n, v))).findFirst();
        }

        /** Whether a node only gives the memory of the value another shape. */
        private boolean shares(Fusion.Node node, int value) {
            return node.instruction() instanceof Program.Flatten && (node.result() == value || node.operands().contains(value));
        }

        private boolean readsFloating(Fusion.Node node, int value) {
            return node.addends().contains(value) || readsOperand(node, value);
        }

        private boolean readsOperand(Fusion.Node node, int value) {
            return node.operandForm().isEmpty() && node.operands().contains(value);
        }

        private void convolve(Fusion.Node node, LinearOp op, OneDnnPlan.Buffer x, OneDnnPlan.Buffer to) {
            Shape in = shapes.get(node.operands().get(0));
            Geometry g = node.frame().geometry(op.window(), in);
            OneDnnConvolution convolution = linear.get(node.value());
            boolean pixels = convolution.ofSinglePixels(g);
            OneDnnExtras extras = extras(node, to, pixels);
            if (pixels) {
                Shape out = shapes.get(node.result());
                convolution.addToPixels(plan, in.n(), column(x, in, node.operandForm()), column(to, out, node.form()), extras);
            } else {
                convolution.add(plan, in.n(), x, to, g, extras);
            }
        }

        private void deconvolve(Fusion.Node node, LinearOp op, OneDnnPlan.Buffer x, OneDnnPlan.Buffer to) {
            Shape in = shapes.get(node.operands().get(0));
            transposed.get(node.value()).add(plan, x, to, shapes.get(node.result()), node.form(), op.geometry(in.h(), in.w()),
                    extras(node, to, false));
        }

        /** Everything that was fused into a linear operation. */
        private OneDnnExtras extras(Fusion.Node node, OneDnnPlan.Buffer to, boolean column) {
            OneDnnExtras extras = new OneDnnExtras();
            Bounds bounds = extras(node, extras, to, column);
            return node.form().isPresent() ? extras.quantize(node.form().get(), bounds.low, bounds.high)
                    : extras.clip(bounds.low, bounds.high);
        }

        /** A batch of images of one pixel as one image, a column of pixels. */
        private OneDnnPlan.Buffer column(OneDnnPlan.Buffer buffer, Shape s, Optional<InputQuantization> form) {
            return buffer.as(OneDnnImage.between(new Shape(1, s.c(), s.n(), 1), form));
        }

        private record Bounds(float low, float high) {
            static final Bounds NONE = new Bounds(Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY);
        }

        /** Adds all extras but the last bounds, which are returned: they are merged with quantization. */
        private Bounds extras(Fusion.Node node, OneDnnExtras extras, OneDnnPlan.Buffer to, boolean column) {
            Bounds pending = Bounds.NONE;
            for (Fusion.Extra extra : node.extras()) {
                if (extra instanceof Fusion.Bound b) {
                    extras.clip(pending.low, pending.high);
                    pending = new Bounds(0, b.upper());
                } else if (extra instanceof Fusion.Plus p) {
                    extras.clip(pending.low, pending.high);
                    pending = Bounds.NONE;
                    OneDnnPlan.Buffer other = at(p.value(), Optional.empty());
                    if (other == to) {
                        extras.addTarget();
                    } else {
                        extras.add(column ? column(other, shapes.get(p.value()), Optional.empty()) : other);
                    }
                }
            }
            return pending;
        }

        /** Images smaller than the sum are second operands, one at a time: the library broadcasts only those. */
        private void sum(Fusion.Node node, List<OneDnnPlan.Buffer> operands, OneDnnPlan.Buffer to) {
            if (operands.size() == 1) {
                plan.reorder(operands.get(0), to);
                return;
            }
            Deque<OneDnnPlan.Buffer> large = new ArrayDeque<>();
            List<OneDnnPlan.Buffer> small = new ArrayList<>();
            for (int i = 0; i < operands.size(); i++) {
                boolean full = shapes.get(node.operands().get(i)).equals(shapes.get(node.result()));
                (full ? large : small).add(operands.get(i));
            }
            if (large.isEmpty()) {
                plan.fill(to, 0);
                large.add(to);
            }
            OneDnnPlan.Buffer sum = large.remove();
            List<OneDnnPlan.Buffer> second = small.isEmpty() ? List.of(large.remove()) : small;
            for (OneDnnPlan.Buffer addend : second.subList(0, second.size() - 1)) {
                binary(dnnl.algorithm.binary_add, sum, addend, to, new OneDnnExtras());
                sum = to;
            }
            OneDnnExtras extras = new OneDnnExtras();
            large.forEach(extras::add);
            binary(dnnl.algorithm.binary_add, sum, second.get(second.size() - 1), to, bounded(node, extras));
        }

        private void affine(Fusion.Node node, Program.Affine a, OneDnnPlan.Buffer x, OneDnnPlan.Buffer to) {
            OneDnnExtras extras = new OneDnnExtras().add(plan.constant(perChannel(a.shift()), a.shift()));
            binary(dnnl.algorithm.binary_mul, x, plan.constant(perChannel(a.factor()), a.factor()), to, bounded(node, extras));
        }

        private memory.desc perChannel(float[] values) {
            return OneDnnImage.between(new Shape(1, values.length, 1, 1), Optional.empty());
        }

        /** Appends the bounds of a node's results. */
        private OneDnnExtras bounded(Fusion.Node node, OneDnnExtras extras) {
            node.extras().forEach(e -> extras.clip(0, ((Fusion.Bound) e).upper()));
            return extras;
        }

        private void binary(dnnl.algorithm algorithm, OneDnnPlan.Buffer a, OneDnnPlan.Buffer b, OneDnnPlan.Buffer to, OneDnnExtras extras) {
            primitive_attr attributes = plan.attributes();
            OneDnnPlan.Arguments arguments = plan.arguments().with(dnnl.DNNL_ARG_SRC_0, a).with(dnnl.DNNL_ARG_SRC_1, b)
                    .with(OneDnn.DST, to);
            extras.apply(plan, attributes, arguments);
            plan.add(new binary.primitive_desc(OneDnn.CPU, algorithm, a.desc(), b.desc(), to.desc(), attributes, false),
                    binary::new, arguments);
        }

        private void softmax(OneDnnPlan.Buffer x, OneDnnPlan.Buffer to) {
            plan.add(new softmax_forward.primitive_desc(OneDnn.CPU, dnnl.prop_kind.forward_inference, dnnl.algorithm.softmax_accurate,
                    x.desc(), to.desc(), 1, plan.attributes(), false), softmax_forward::new,
                    plan.arguments().with(OneDnn.SRC, x).with(OneDnn.DST, to));
        }

        private void merge(List<OneDnnPlan.Buffer> operands, OneDnnPlan.Buffer to) {
            memory_desc_vector descs = plan.scope().own(new memory_desc_vector(
                    operands.stream().map(OneDnnPlan.Buffer::desc).toArray(memory.desc[]::new)));
            OneDnnPlan.Arguments arguments = plan.arguments().with(OneDnn.DST, to);
            for (int i = 0; i < operands.size(); i++) {
                arguments.with(FIRST_MULTIPLE + i, operands.get(i));
            }
            plan.add(new concat.primitive_desc(OneDnn.CPU, to.desc(), 1, descs, plan.attributes(), false), concat::new, arguments);
        }

        private void pool(Fusion.Node node, Program.Pool p, OneDnnPlan.Buffer x, OneDnnPlan.Buffer to) {
            Shape in = shapes.get(node.operands().get(0));
            Window w = p.window();
            Geometry whole = node.frame().geometry(w, in);
            OneDnnMargins cut = OneDnnMargins.negative(whole);
            OneDnnPlan.Buffer image = cut.around(plan, x, in, node.operandForm());
            Geometry g = cut.rest(whole);
            if (p.kind() == Program.PoolKind.MEAN && !w.dilation().equals(LinearOp.Size.ONE)) {
                // The library refuses some of these, but averages over all elements of a kernel.
                pool(image, to, Program.PoolKind.MEAN_WITH_PADDING, w, g);
                Shape perPixel = new Shape(1, 1, g.outHeight(), g.outWidth());
                OneDnnPlan.Buffer shares = plan.constant(OneDnnImage.between(perPixel, Optional.empty()), elementsByElementsInside(w, g));
                binary(dnnl.algorithm.binary_mul, to, shares, to, new OneDnnExtras());
            } else {
                pool(image, to, p.kind(), w, g);
            }
        }

        private static float[] elementsByElementsInside(Window w, Geometry g) {
            int[] rows = w.rowsInside(g);
            int[] columns = w.columnsInside(g);
            float[] shares = new float[rows.length * columns.length];
            for (int i = 0; i < shares.length; i++) {
                shares[i] = (float) (w.kernel().height() * w.kernel().width()) / (rows[i / columns.length] * columns[i % columns.length]);
            }
            return shares;
        }

        private void pool(OneDnnPlan.Buffer x, OneDnnPlan.Buffer to, Program.PoolKind kind, Window w, Geometry g) {
            dnnl.algorithm algorithm = switch (kind) {
                case MAX -> dnnl.algorithm.pooling_max;
                case MEAN -> dnnl.algorithm.pooling_avg_exclude_padding;
                case MEAN_WITH_PADDING -> dnnl.algorithm.pooling_avg_include_padding;
            };
            plan.add(new pooling_forward.primitive_desc(OneDnn.CPU, dnnl.prop_kind.forward_inference, algorithm, x.desc(), to.desc(),
                    OneDnn.longs(w.stride().height(), w.stride().width()), OneDnn.longs(w.kernel().height(), w.kernel().width()),
                    OneDnn.longs(w.dilation().height() - 1, w.dilation().width() - 1), OneDnn.longs(g.padTop(), g.padLeft()),
                    OneDnn.longs(g.padBottom(), g.padRight()), plan.attributes(), false), pooling_forward::new,
                    plan.arguments().with(OneDnn.SRC, x).with(OneDnn.DST, to));
        }

        private OneDnnPlan.Buffer flatten(Fusion.Node node, OneDnnPlan.Buffer x, Shape shape) {
            OneDnnPlan.Buffer flat = x.as(OneDnnImage.between(shape, node.form()));
            Optional<OneDnnPlan.Buffer> target = direct(node.result());
            target.ifPresent(t -> plan.reorder(flat, t));
            return target.orElse(flat);
        }
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
