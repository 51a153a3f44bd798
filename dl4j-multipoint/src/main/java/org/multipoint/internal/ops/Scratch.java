package org.multipoint.internal.ops;

/**
 * An array on the heap for values that are needed for a moment only, again and again. Arrays of many megabytes are cleared when they are made, and the
 * garbage collector gives their memory back to the operating system, which clears it, too. Not thread-safe.
 */
public final class Scratch {

    private float[] values;

    /** An array whose values are undefined. It is valid until the next one is asked for. */
    public float[] array(int length) {
        if (values == null || values.length != length) {
            values = new float[length];
        }
        return values;
    }
}
