package org.multipoint.engine;

import org.bytedeco.dnnl.IntMemoryMap;
import org.bytedeco.dnnl.eltwise_forward;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.primitive;
import org.bytedeco.dnnl.primitive_attr;
import org.bytedeco.dnnl.primitive_desc_base;
import org.bytedeco.dnnl.reorder;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.multipoint.linear.InputQuantization;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;

/**
 * Primitives for one shape of input, one after another, and the memory between them. Buffers share one arena: those that are not
 * in use at the same time may lie at the same place. First it is built, then {@link #finish() finished}, then run any number
 * of times by one thread at a time.
 */
final class OneDnnPlan implements AutoCloseable {

    private static final long ALIGNMENT = 64;
    /** What conversion to bytes clips to by itself. */
    private static final int MOST_LEVELS = 255;

    /** Memory for what one step leaves to later ones, or (where bound) an array of the caller. */
    static final class Buffer {
        private final memory memory;
        private final memory.desc desc;
        private final boolean bound;
        private int first = Integer.MAX_VALUE;
        private int last = -1;
        private long offset;

        private Buffer(memory memory, memory.desc desc, boolean bound) {
            this.memory = memory;
            this.desc = desc;
            this.bound = bound;
        }

        memory.desc desc() {
            return desc;
        }

        /** Tells where the data is; for buffers that are arrays of the caller. */
        void bind(long address) {
            memory.set_data_handle(OneDnn.address(address));
        }

        private long bytes() {
            return (desc.get_size() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        }

        private boolean livesWith(Buffer other) {
            return first <= other.last && other.first <= last;
        }
    }

    private record Step(primitive primitive, IntMemoryMap arguments) {
    }

    /** Arguments of a primitive. */
    final class Arguments {
        private final IntMemoryMap map = scope.own(new IntMemoryMap());

        Arguments with(int argument, memory memory) {
            map.put(argument, memory);
            return this;
        }

        Arguments with(int argument, Buffer buffer) {
            buffer.first = Math.min(buffer.first, steps.size());
            buffer.last = Math.max(buffer.last, steps.size());
            return with(argument, buffer.memory);
        }
    }

    private final OneDnnScope scope = new OneDnnScope();
    private final stream stream = scope.own(new stream(OneDnn.CPU));
    private final List<Step> steps = new ArrayList<>();
    private final List<Buffer> buffers = new ArrayList<>();

    /** The scope that closes with this plan. */
    OneDnnScope scope() {
        return scope;
    }

    /** Memory between steps. */
    Buffer buffer(memory.desc desc) {
        Buffer buffer = new Buffer(OneDnn.unbound(scope, desc), desc, false);
        buffers.add(buffer);
        return buffer;
    }

    /** An array of the caller, told by {@link Buffer#bind} before each run. */
    Buffer bound(memory.desc desc) {
        return new Buffer(OneDnn.unbound(scope, desc), desc, true);
    }

    Arguments arguments() {
        return new Arguments();
    }

    /** Attributes with memory for intermediate results left to this plan: then any thread may run it. */
    primitive_attr attributes() {
        primitive_attr attributes = scope.own(new primitive_attr());
        attributes.set_scratchpad_mode(dnnl.scratchpad_mode.user);
        return attributes;
    }

    /** Adds a step. */
    <D extends primitive_desc_base> void add(D description, Function<D, primitive> make, Arguments arguments) {
        scope.own(description);
        memory.desc scratchpad = description.scratchpad_desc();
        if (scratchpad.get_size() > 0) {
            arguments.with(dnnl.DNNL_ARG_SCRATCHPAD, buffer(scratchpad));
        } else {
            scope.own(scratchpad);
        }
        steps.add(new Step(scope.own(make.apply(description)), arguments.map));
    }

    /** Copies, changing layout or type. */
    void reorder(Buffer from, Buffer to) {
        reorder(from, to, attributes(), arguments());
    }

    private void reorder(Buffer from, Buffer to, primitive_attr attributes, Arguments arguments) {
        add(new reorder.primitive_desc(OneDnn.CPU, from.desc, OneDnn.CPU, to.desc, attributes, false), reorder::new,
                arguments.with(OneDnn.SRC, from).with(OneDnn.DST, to));
    }

    /** Quantizes to integers of up to 8 bits, without changing the layout. */
    void quantize(Buffer from, Buffer to, InputQuantization quantization) {
        if (quantization.levels() < MOST_LEVELS) {
            Buffer clipped = buffer(from.desc);
            clip(from, clipped, quantization.scale() * -quantization.zeroPoint(),
                    quantization.scale() * (quantization.levels() - quantization.zeroPoint()));
            from = clipped;
        }
        primitive_attr attributes = attributes();
        Arguments arguments = arguments();
        attributes.set_scales_mask(OneDnn.SRC, 0);
        arguments.with(OneDnn.SCALES | OneDnn.SRC, OneDnn.of(scope, 1 / quantization.scale()));
        if (quantization.zeroPoint() != 0) {
            attributes.set_zero_points_mask(OneDnn.DST, 0);
            arguments.with(OneDnn.ZERO_POINTS | OneDnn.DST, OneDnn.of(scope, quantization.zeroPoint()));
        }
        reorder(from, to, attributes, arguments);
    }

    private void clip(Buffer from, Buffer to, float low, float high) {
        add(new eltwise_forward.primitive_desc(OneDnn.CPU, dnnl.prop_kind.forward_inference, dnnl.algorithm.eltwise_clip,
                from.desc, to.desc, low, high, attributes(), false), eltwise_forward::new,
                arguments().with(OneDnn.SRC, from).with(OneDnn.DST, to));
    }

    /** Gives all buffers their place. */
    void finish() {
        List<Buffer> placed = new ArrayList<>();
        List<Buffer> largestFirst = new ArrayList<>(buffers);
        largestFirst.sort(Comparator.comparingLong(Buffer::bytes).reversed());
        long size = 0;
        for (Buffer buffer : largestFirst) {
            List<Buffer> contemporaries = placed.stream().filter(buffer::livesWith)
                    .sorted(Comparator.comparingLong(b -> b.offset)).toList();
            for (Buffer other : contemporaries) {
                if (buffer.offset + buffer.bytes() <= other.offset) {
                    break;
                }
                buffer.offset = Math.max(buffer.offset, other.offset + other.bytes());
            }
            placed.add(buffer);
            size = Math.max(size, buffer.offset + buffer.bytes());
        }
        Pointer arena = scope.own(new BytePointer(size + ALIGNMENT));
        long start = (arena.address() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        buffers.forEach(b -> b.bind(start + b.offset));
    }

    /** Runs all steps; bound arrays must stay alive meanwhile. */
    void run() {
        for (Step step : steps) {
            step.primitive.execute(stream, step.arguments);
        }
        stream._wait();
    }

    @Override
    public void close() {
        scope.close();
    }
}
