package org.multipoint.internal.engine;

import org.bytedeco.dnnl.concat;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.memory_desc_vector;
import org.bytedeco.dnnl.softmax_forward;
import org.multipoint.internal.engine.Program.Shape;
import org.multipoint.internal.ops.Geometry;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** Turns nodes into steps of a plan for one set of shapes. */
final class OneDnnPlanner {
    private static final int FIRST_MULTIPLE = dnnl.DNNL_ARG_MULTIPLE_SRC;
    /** On CPUs without AVX, depthwise convolutions that add in place crash where pixels are not aligned to this many values. */
    private static final int ALIGNED = 4;

    private final Program program;
    private final Map<Integer, OneDnnConvolution> linear;
    private final Map<Integer, OneDnnDeconvolution> transposed;
    private final OneDnnPlan plan;
    private final List<Shape> shapes;
    private final Fusion fusion;
    private final Map<Integer, Map<Optional<InputQuantization>, OneDnnPlan.Buffer>> buffers = new HashMap<>();
    private final List<OneDnnPlan.Buffer> callers = new ArrayList<>();
    /** Arrays of the caller by the number of the result that is written to them. */
    private final Map<Integer, OneDnnPlan.Buffer> targets = new HashMap<>();

    /**
     * @param program    without weights
     * @param linear     its linear operations, by the number of the value that they compute
     * @param transposed its deconvolutions, likewise
     * @param shapes     of all values
     */
    OneDnnPlanner(Program program, Map<Integer, OneDnnConvolution> linear, Map<Integer, OneDnnDeconvolution> transposed, OneDnnPlan plan,
                  List<Shape> shapes, Fusion fusion) {
        this.program = program;
        this.linear = linear;
        this.transposed = transposed;
        this.plan = plan;
        this.shapes = shapes;
        this.fusion = fusion;
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

    private OneDnnPlan.Buffer at(int value, Optional<InputQuantization> form) {
        return buffers.get(value).get(form);
    }

    private OneDnnPlan.Buffer at(Fusion.Read read) {
        return at(read.value(), read.form());
    }

    /** What is read, as floating values. */
    private OneDnnPlan.Buffer floating(Fusion.Read read) {
        return read.form().map(form -> {
            OneDnnPlan.Buffer values = plan.buffer(OneDnnImage.between(shapes.get(read.value()), Optional.empty()));
            plan.dequantize(at(read), values, form);
            return values;
        }).orElseGet(() -> at(read));
    }

    private void put(int value, Optional<InputQuantization> form, OneDnnPlan.Buffer buffer) {
        buffers.computeIfAbsent(value, v -> new HashMap<>()).put(form, buffer);
    }

    /** Reads an input. Integers are made in the order of the array and then moved: bytes are moved more quickly. */
    OneDnnPlan.Buffer read(int value, OneDnnImage layout) {
        OneDnnPlan.Buffer array = plan.bound(layout.desc());
        callers.add(array);
        boolean inOrder = layout.isDense();
        OneDnnImage order = inOrder ? layout : OneDnnImage.dense(shapes.get(value), true);
        OneDnnPlan.Buffer dense = inOrder ? array : plan.reordered(array, order.desc());
        for (Optional<InputQuantization> form : fusion.wanted(value)) {
            OneDnnPlan.Buffer x = form.map(q -> {
                OneDnnPlan.Buffer integers = plan.buffer(order.desc(OneDnn.U8));
                plan.quantize(dense, integers, q);
                return integers;
            }).orElse(dense);
            put(value, form, order.isChannelsLast() ? x : plan.reordered(x, OneDnnImage.between(shapes.get(value), form)));
        }
        return array;
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

    /** Adds the steps of a node. */
    void add(int index) {
        Fusion.Node node = fusion.nodes().get(index);
        List<OneDnnPlan.Buffer> operands = node.operands().stream().map(this::at).toList();
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
        List<Shape> read = node.operands().stream().map(o -> shapes.get(o.value())).toList();
        Shape in = read.get(0);
        UnaryOperator<OneDnnExtras> behind = own -> {
            append(node, own, UnaryOperator.identity(), Optional.empty());
            node.form().ifPresent(own::round);
            return own;
        };
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
                return written(to -> OneDnnArithmetic.affine(plan, a, x, to, behind));
            }

            @Override
            public OneDnnPlan.Buffer visit(Program.Rectify r) {
                return written(to -> OneDnnArithmetic.map(plan, x, to, behind.apply(new OneDnnExtras().clip(0, r.upper()))));
            }

            @Override
            public OneDnnPlan.Buffer visit(Activate a) {
                return written(to -> OneDnnArithmetic.map(plan, x, to, behind.apply(new OneDnnExtras().apply(a.function()))));
            }

            @Override
            public OneDnnPlan.Buffer visit(Slope s) {
                return written(to -> OneDnnArithmetic.slope(plan, s, x, shape, to, behind));
            }

            @Override
            public OneDnnPlan.Buffer visit(Program.Softmax s) {
                return written(to -> softmax(x, to));
            }

            @Override
            public OneDnnPlan.Buffer visit(Normalize n) {
                return written(to -> OneDnnArithmetic.normalize(plan, n, x, in, to, behind));
            }

            @Override
            public OneDnnPlan.Buffer visit(Program.Add a) {
                return written(to -> {
                    List<OneDnnPlan.Buffer> addends = node.operands().stream().map(OneDnnPlanner.this::floating).toList();
                    if (addends.size() == 1) {
                        plan.reorder(addends.get(0), to);
                    } else {
                        OneDnnArithmetic.fold(plan, dnnl.algorithm.binary_add, addends, read, to, shape, behind);
                    }
                });
            }

            @Override
            public OneDnnPlan.Buffer visit(Combine c) {
                return written(to -> {
                    if (c.operation() == Combine.Operation.DIFFERENCE) {
                        OneDnnArithmetic.difference(plan, operands, read, to, shape, behind);
                    } else {
                        OneDnnArithmetic.fold(plan, OneDnnArithmetic.algorithm(c.operation()), operands, read, to, shape, behind);
                    }
                });
            }

            @Override
            public OneDnnPlan.Buffer visit(Program.Concat c) {
                return written(to -> merge(operands, c.axis(), to));
            }

            @Override
            public OneDnnPlan.Buffer visit(Program.Pool p) {
                return written(to -> OneDnnPooling.windows(plan, p.kind(), p.window(), x, in, node.operands().get(0).form(), to,
                        node.frame().geometry(p.window(), in)));
            }

            @Override
            public OneDnnPlan.Buffer visit(Program.GlobalPool p) {
                return written(to -> OneDnnPooling.global(plan, p.kind(), x, in, to));
            }

            @Override
            public OneDnnPlan.Buffer visit(Program.Pad p) {
                return written(to -> OneDnnMargins.of(p.frame()).write(plan, x, in, to, node.form()));
            }

            @Override
            public OneDnnPlan.Buffer visit(Program.Flatten f) {
                return reshaped(node, x, shape);
            }

            @Override
            public OneDnnPlan.Buffer visit(Rearrange r) {
                List<StridedCopy> copies = r.copies(in);
                return copies.isEmpty() ? reshaped(node, x, shape) : written(to -> {
                    OneDnnPlan.Buffer from = x;
                    for (StridedCopy copy : copies) {
                        boolean last = copy == copies.get(copies.size() - 1);
                        OneDnnPlan.Buffer moved = last ? to : plan.buffer(OneDnnImage.between(shape, node.form()));
                        plan.copy(from, moved, copy);
                        from = moved;
                    }
                });
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
        return direct(node.result()).or(() -> dyingAddend(index, node).map(this::at))
                .orElseGet(() -> plan.buffer(OneDnnImage.between(shape, node.form())));
    }

    /** Of integers one that is written as integers, too, of whatever quantization. */
    private Optional<Fusion.Read> dyingAddend(int index, Fusion.Node node) {
        if (!(node.instruction() instanceof Program.Linear) || shapes.get(node.result()).c() % ALIGNED != 0) {
            return Optional.empty();
        }
        List<Fusion.Node> later = fusion.nodes().subList(index + 1, fusion.nodes().size());
        return node.extras().stream().filter(Extra.Plus.class::isInstance).flatMap(e -> e.reads().stream())
                .filter(addend -> addend.form().isPresent() == node.form().isPresent()
                        && (addend.form().isPresent() || !targets.containsKey(addend.value()))
                        && !callers.contains(at(addend))
                        && node.others().stream().filter(addend::equals).count() == 1
                        && later.stream().noneMatch(n -> n.reads(addend))
                        && !node.operands().contains(addend)
                        && fusion.nodes().stream().noneMatch(n -> shares(n, addend.value()))).findFirst();
    }

    /** Whether a node only gives the memory of the value another shape. */
    private boolean shares(Fusion.Node node, int value) {
        boolean reshapes = node.instruction() instanceof Program.Flatten || node.instruction() instanceof Rearrange;
        return reshapes && (node.result() == value || node.operands().stream().anyMatch(o -> o.value() == value));
    }

    private void convolve(Fusion.Node node, LinearOp op, OneDnnPlan.Buffer x, OneDnnPlan.Buffer to) {
        Shape in = shapes.get(node.operands().get(0).value());
        Geometry g = node.frame().geometry(op.window(), in);
        OneDnnConvolution convolution = linear.get(node.value());
        convolution.add(plan, in.n(), x, to, g, extras(node, to, s -> convolution.seen(s, g)));
    }

    private void deconvolve(Fusion.Node node, LinearOp op, OneDnnPlan.Buffer x, OneDnnPlan.Buffer to) {
        Shape in = shapes.get(node.operands().get(0).value());
        transposed.get(node.value()).add(plan, x, to, shapes.get(node.result()), node.form(), op.geometry(in.h(), in.w()),
                extras(node, to, UnaryOperator.identity()));
    }

    /** Everything that was fused into a linear operation. */
    private OneDnnExtras extras(Fusion.Node node, OneDnnPlan.Buffer to, UnaryOperator<Shape> seen) {
        OneDnnExtras extras = new OneDnnExtras();
        append(node, extras, seen, Optional.of(to));
        node.form().ifPresent(extras::quantize);
        return extras;
    }

    /**
     * Appends what was fused into a node.
     *
     * @param seen   as what images the node sees those of given shapes
     * @param to     what it writes, where an addition may read that
     */
    private void append(Fusion.Node node, OneDnnExtras extras, UnaryOperator<Shape> seen, Optional<OneDnnPlan.Buffer> to) {
        Extra.Visitor appended = new Extra.Visitor() {
            @Override
            public void bound(float upper) {
                extras.clip(0, upper);
            }

            @Override
            public void apply(ScalarFunction function) {
                extras.apply(function);
            }

            @Override
            public void slopes(Slope slope) {
                extras.slopes(OneDnnArithmetic.perChannel(plan, slope.slopes()));
            }

            @Override
            public void plus(int value, Optional<InputQuantization> rounding) {
                Fusion.Read addend = new Fusion.Read(value, rounding);
                if (to.filter(at(addend)::equals).isPresent()) {
                    rounding.ifPresentOrElse(extras::addTarget, extras::addTarget);
                } else {
                    extras.add(other(addend));
                }
            }

            @Override
            public void combine(Combine.Operation operation, int value) {
                extras.combine(OneDnnArithmetic.algorithm(operation), other(new Fusion.Read(value, Optional.empty())));
            }

            private OneDnnPlan.Buffer other(Fusion.Read read) {
                OneDnnPlan.Buffer other = floating(read);
                Shape shape = shapes.get(read.value());
                return seen.apply(shape).equals(shape) ? other : other.as(OneDnnImage.between(seen.apply(shape), Optional.empty()));
            }
        };
        node.extras().forEach(e -> e.accept(appended));
    }

    private void softmax(OneDnnPlan.Buffer x, OneDnnPlan.Buffer to) {
        plan.add(new softmax_forward.primitive_desc(OneDnn.CPU, dnnl.prop_kind.forward_inference, dnnl.algorithm.softmax_accurate,
                x.desc(), to.desc(), 1, plan.attributes(), false), softmax_forward::new,
                plan.arguments().with(OneDnn.SRC, x).with(OneDnn.DST, to));
    }

    private void merge(List<OneDnnPlan.Buffer> operands, int axis, OneDnnPlan.Buffer to) {
        memory_desc_vector descs = plan.scope().own(new memory_desc_vector(
                operands.stream().map(OneDnnPlan.Buffer::desc).toArray(memory.desc[]::new)));
        OneDnnPlan.Arguments arguments = plan.arguments().with(OneDnn.DST, to);
        for (int i = 0; i < operands.size(); i++) {
            arguments.with(FIRST_MULTIPLE + i, operands.get(i));
        }
        plan.add(new concat.primitive_desc(OneDnn.CPU, to.desc(), axis, descs, plan.attributes(), false), concat::new, arguments);
    }

    /** The same memory as an image of another shape. */
    private OneDnnPlan.Buffer reshaped(Fusion.Node node, OneDnnPlan.Buffer x, Shape shape) {
        OneDnnPlan.Buffer flat = x.as(OneDnnImage.between(shape, node.form()));
        Optional<OneDnnPlan.Buffer> target = direct(node.result());
        target.ifPresent(t -> plan.reorder(flat, t));
        return target.orElse(flat);
    }
}
