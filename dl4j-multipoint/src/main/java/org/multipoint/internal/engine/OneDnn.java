package org.multipoint.internal.engine;

import org.bytedeco.dnnl.engine;
import org.bytedeco.dnnl.global.dnnl;
import org.bytedeco.dnnl.memory;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;

import java.util.Arrays;

/** Shared by all uses of oneDNN in a process: the CPU engine, and helpers for memory objects. */
final class OneDnn {

    static final engine CPU = new engine(engine.kind.cpu, 0);
    static final memory.data_type F32 = memory.data_type.f32;
    static final memory.data_type U8 = memory.data_type.u8;
    static final memory.data_type S8 = memory.data_type.s8;

    static final int SRC = dnnl.DNNL_ARG_SRC;
    static final int DST = dnnl.DNNL_ARG_DST;
    static final int SCALES = dnnl.DNNL_ARG_ATTR_SCALES;
    static final int ZERO_POINTS = dnnl.DNNL_ARG_ATTR_ZERO_POINTS;

    private OneDnn() {
    }

    /** Memory that holds the given values. */
    static memory of(OneDnnScope scope, float... values) {
        return wrap(scope, new memory.desc(new long[]{values.length}, F32, memory.format_tag.a), new FloatPointer(values));
    }

    /** Memory that holds one integer. */
    static memory of(OneDnnScope scope, int value) {
        return wrap(scope, new memory.desc(new long[]{1}, memory.data_type.s32, memory.format_tag.a), new IntPointer(new int[]{value}));
    }

    /** Memory over a buffer, whose ownership passes to the scope. */
    static memory wrap(OneDnnScope scope, memory.desc desc, Pointer data) {
        scope.own(data);
        scope.own(desc);
        return scope.own(new memory(desc, CPU, data));
    }

    /** New memory, uninitialized; the library aligns it to what its instructions read at once, which {@code malloc} does not. */
    static memory allocate(OneDnnScope scope, memory.desc desc) {
        scope.own(desc);
        return scope.own(new memory(desc, CPU));
    }

    /** Memory whose address is set before each execution. */
    static memory unbound(OneDnnScope scope, memory.desc desc) {
        scope.own(desc);
        return scope.own(new memory(desc, CPU, new Address(0)));
    }

    static Pointer address(long address) {
        return new Address(address);
    }

    static long[] longs(int... values) {
        return Arrays.stream(values).asLongStream().toArray();
    }

    /** An address in memory that is owned elsewhere. */
    private static final class Address extends Pointer {
        Address(long address) {
            this.address = address;
        }
    }
}
