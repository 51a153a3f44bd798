package org.multipoint.internal.engine;

import org.bytedeco.dnnl.dnnl_exec_arg_t;
import org.bytedeco.dnnl.dnnl_primitive;
import org.bytedeco.dnnl.dnnl_stream;
import org.bytedeco.dnnl.eltwise_forward;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.dnnl.primitive;
import org.bytedeco.dnnl.primitive_attr;
import org.bytedeco.dnnl.primitive_desc_base;
import org.bytedeco.dnnl.reorder;
import org.bytedeco.dnnl.stream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.multipoint.internal.ops.InputQuantization;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.LongStream;

/**
 * A sequence of primitives for one input shape, and the memory between them. Buffers share one arena, in which buffers with disjoint
 * lifetimes may overlap. A plan is built, then {@link #finish() finished}, then run any number of times, by one thread at a time.
 */
final class OneDnnPlan implements AutoCloseable {

    private static final long ALIGNMENT = 64;
    /** The range to which conversion to bytes clips anyway. */
    private static final int MOST_LEVELS = 255;

    /** Memory that starts some bytes behind the start of a block. */
    private record Placed(memory memory, long offset) {
    }

    /** A block of memory: part of the arena, or (where bound) an array of the caller. */
    private static final class Storage {
        private final long bytes;
        private final List<Placed> memories = new ArrayList<>();
        private int first = Integer.MAX_VALUE;
        private int last = -1;
        private long offset;

        private Storage(long bytes) {
            this.bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        }

        private void place(long address) {
            memories.forEach(m -> m.memory.set_data_handle(OneDnn.address(address + m.offset)));
        }

        private boolean livesWith(Storage other) {
            return first <= other.last && other.first <= last;
        }
    }

    /** A block of memory with a description of its contents, written by one step and read by later ones. */
    final class Buffer {
        private final Storage storage;
        /** In bytes. */
        private final long offset;
        private final memory.desc desc;
        private final memory memory;

        private Buffer(Storage storage, long offset, memory.desc desc) {
            this.storage = storage;
            this.offset = offset;
            this.desc = desc;
            this.memory = OneDnn.unbound(scope, desc);
            storage.memories.add(new Placed(memory, offset));
        }

        memory.desc desc() {
            return desc;
        }

        /** Sets the address of the data; for buffers that are arrays of the caller. */
        void bind(long address) {
            storage.place(address);
        }

        /** The same memory with another description. */
        Buffer as(memory.desc other) {
            return at(0, other);
        }

        /**
         * Part of the same memory.
         *
         * @param elements of the description's type between the start of this buffer and that of the part
         */
        Buffer at(long elements, memory.desc part) {
            return new Buffer(storage, offset + elements * memory.data_type_size(part.get_data_type()), part);
        }
    }

    /** One step of a run. */
    private interface Step {
        void run();
    }

    /** Arguments of a primitive. */
    final class Arguments {
        private final Map<Integer, memory> map = new LinkedHashMap<>();

        Arguments with(int argument, memory memory) {
            map.put(argument, memory);
            return this;
        }

        Arguments with(int argument, Buffer buffer) {
            buffer.storage.first = Math.min(buffer.storage.first, steps.size());
            buffer.storage.last = Math.max(buffer.storage.last, steps.size());
            return with(argument, buffer.memory);
        }

        /** As the library takes them: the class for primitives would gather them anew for each run. */
        private dnnl_exec_arg_t gathered() {
            dnnl_exec_arg_t all = scope.own(new dnnl_exec_arg_t(map.size()));
            map.forEach((argument, memory) -> {
                all.arg(argument).memory(memory.get());
                all.position(all.position() + 1);
            });
            return all.position(0);
        }
    }

    private final OneDnnScope scope = new OneDnnScope();
    private final stream stream = scope.own(new stream(OneDnn.CPU));
    private final dnnl_stream handle = stream.get();
    private final List<Step> steps = new ArrayList<>();
    private final List<Storage> storages = new ArrayList<>();

    /** The scope that is closed with this plan. */
    OneDnnScope scope() {
        return scope;
    }

    /** Memory between steps. */
    Buffer buffer(memory.desc desc) {
        Storage storage = new Storage(desc.get_size());
        storages.add(storage);
        return new Buffer(storage, 0, desc);
    }

    /** An array of the caller, set by {@link Buffer#bind} before each run. */
    Buffer bound(memory.desc desc) {
        return new Buffer(new Storage(desc.get_size()), 0, desc);
    }

    /** Values that do not change. */
    Buffer constant(memory.desc desc, float[] values) {
        Buffer buffer = bound(desc);
        buffer.bind(scope.own(new FloatPointer(values)).address());
        return buffer;
    }

    Arguments arguments() {
        return new Arguments();
    }

    /** Attributes that leave the scratchpad to this plan, so that any thread may run it. */
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
        dnnl_primitive primitive = scope.own(make.apply(description)).get();
        dnnl_exec_arg_t gathered = arguments.gathered();
        int count = arguments.map.size();
        steps.add(() -> {
            int status = dnnl.dnnl_primitive_execute(primitive, handle, count, gathered);
            if (status != dnnl.dnnl_success) {
                throw new IllegalStateException("oneDNN could not execute a primitive (status " + status + ")");
            }
        });
    }

    /** Copies, changing layout or type. */
    void reorder(Buffer from, Buffer to) {
        reorder(from, to, attributes(), arguments());
    }

    /** A copy with another layout or of another type. */
    Buffer reordered(Buffer from, memory.desc desc) {
        Buffer to = buffer(desc);
        reorder(from, to);
        return to;
    }

    /** Copies elements of one type between dense buffers: a step for each place along the axes that read the same again. */
    void copy(Buffer from, Buffer to, StridedCopy copy) {
        memory.data_type type = to.desc.get_data_type();
        List<StridedCopy.Axis> axes = copy.axes().stream().filter(a -> a.from() > 0).toList();
        long[] sizes = axes.isEmpty() ? new long[]{1} : axes.stream().mapToLong(StridedCopy.Axis::size).toArray();
        long[] reads = axes.isEmpty() ? new long[]{1} : axes.stream().mapToLong(StridedCopy.Axis::from).toArray();
        long[] writes = axes.isEmpty() ? new long[]{1} : axes.stream().mapToLong(StridedCopy.Axis::to).toArray();
        long[] places = {0};
        for (StridedCopy.Axis axis : copy.axes()) {
            if (axis.from() == 0) {
                places = Arrays.stream(places).flatMap(p -> LongStream.range(0, axis.size()).map(i -> p + i * axis.to())).toArray();
            }
        }
        for (long place : places) {
            reorder(from.at(copy.from(), new memory.desc(sizes, type, reads)), to.at(place, new memory.desc(sizes, type, writes)));
        }
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
        reorder(from, to, 1 / quantization.scale(), OneDnn.DST, quantization.zeroPoint());
    }

    /** What integers stand for, without changing the layout. */
    void dequantize(Buffer from, Buffer to, InputQuantization quantization) {
        reorder(from, to, quantization.scale(), OneDnn.SRC, quantization.zeroPoint());
    }

    /**
     * Copies, changing the type.
     *
     * @param factor that values are multiplied by
     * @param side   of the zero point: what is read or what is written
     */
    private void reorder(Buffer from, Buffer to, float factor, int side, int zeroPoint) {
        primitive_attr attributes = attributes();
        Arguments arguments = arguments();
        attributes.set_scales_mask(OneDnn.SRC, 0);
        arguments.with(OneDnn.SCALES | OneDnn.SRC, OneDnn.of(scope, factor));
        if (zeroPoint != 0) {
            attributes.set_zero_points_mask(side, 0);
            arguments.with(OneDnn.ZERO_POINTS | side, OneDnn.of(scope, zeroPoint));
        }
        reorder(from, to, attributes, arguments);
    }

    /** Bounds all values; an infinite upper bound means none. */
    void clip(Buffer from, Buffer to, float low, float high) {
        boolean rectifier = low == 0 && high == Float.POSITIVE_INFINITY;
        add(new eltwise_forward.primitive_desc(OneDnn.CPU, dnnl.prop_kind.forward_inference,
                rectifier ? dnnl.algorithm.eltwise_relu : dnnl.algorithm.eltwise_clip,
                from.desc, to.desc, rectifier ? 0 : low, rectifier ? 0 : high, attributes(), false), eltwise_forward::new,
                arguments().with(OneDnn.SRC, from).with(OneDnn.DST, to));
    }

    /** Sets all bytes of a buffer. */
    void fill(Buffer buffer, int value) {
        long bytes = buffer.desc.get_size();
        memory memory = arguments().with(OneDnn.DST, buffer).map.get(OneDnn.DST);
        steps.add(() -> {
            try (Pointer data = memory.get_data_handle()) {
                new BytePointer(data).capacity(bytes).fill(value);
            }
        });
    }

    /** Allocates the arena and places all buffers in it. */
    void finish() {
        List<Storage> placed = new ArrayList<>();
        List<Storage> largestFirst = new ArrayList<>(storages);
        largestFirst.sort(Comparator.comparingLong((Storage s) -> s.bytes).reversed());
        long size = 0;
        for (Storage storage : largestFirst) {
            List<Storage> contemporaries = placed.stream().filter(storage::livesWith)
                    .sorted(Comparator.comparingLong(s -> s.offset)).toList();
            for (Storage other : contemporaries) {
                if (storage.offset + storage.bytes <= other.offset) {
                    break;
                }
                storage.offset = Math.max(storage.offset, other.offset + other.bytes);
            }
            placed.add(storage);
            size = Math.max(size, storage.offset + storage.bytes);
        }
        Pointer arena = scope.own(new BytePointer(size + ALIGNMENT));
        long start = (arena.address() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        storages.forEach(s -> s.place(start + s.offset));
    }

    /** Runs all steps; bound arrays must stay alive meanwhile. */
    void run() {
        for (Step step : steps) {
            step.run();
        }
        stream._wait();
    }

    @Override
    public void close() {
        scope.close();
    }
}
