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
        Shape in = shapes.get(node.operands().get(0));
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
                OneDnnExtras shifted = new OneDnnExtras().add(OneDnnArithmetic.perChannel(plan, a.shift()));
                OneDnnPlan.Buffer factor = OneDnnArithmetic.perChannel(plan, a.factor());
                return written(to -> OneDnnArithmetic.binary(plan, dnnl.algorithm.binary_mul, x, factor, to, shifted.addAll(bounds(node))));
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
                return written(to -> sum(node, operands, to, shape));
            }

            @Override
            public OneDnnPlan.Buffer visit(Program.Concat c) {
                return written(to -> merge(operands, to));
            }

            @Override
            public OneDnnPlan.Buffer visit(Program.Pool p) {
                return written(to -> OneDnnPooling.windows(plan, p.kind(), p.window(), x, in, node.operandForm(), to,
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
        boolean reshapes = node.instruction() instanceof Program.Flatten || node.instruction() instanceof Rearrange;
        return reshapes && (node.result() == value || node.operands().contains(value));
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

    /** The bounds of a node's results, where it has no other extras. */
    private static OneDnnExtras bounds(Fusion.Node node) {
        OneDnnExtras extras = new OneDnnExtras();
        node.extras().forEach(e -> extras.clip(0, ((Fusion.Bound) e).upper()));
        return extras;
    }

    private void sum(Fusion.Node node, List<OneDnnPlan.Buffer> operands, OneDnnPlan.Buffer to, Shape shape) {
        if (operands.size() == 1) {
            plan.reorder(operands.get(0), to);
        } else {
            OneDnnArithmetic.sum(plan, operands, node.operands().stream().map(shapes::get).toList(), to, shape, bounds(node));
        }
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

    /** The same memory as an image of another shape. */
    private OneDnnPlan.Buffer reshaped(Fusion.Node node, OneDnnPlan.Buffer x, Shape shape) {
        OneDnnPlan.Buffer flat = x.as(OneDnnImage.between(shape, node.form()));
        Optional<OneDnnPlan.Buffer> target = direct(node.result());
        target.ifPresent(t -> plan.reorder(flat, t));
        return target.orElse(flat);
    }
}
