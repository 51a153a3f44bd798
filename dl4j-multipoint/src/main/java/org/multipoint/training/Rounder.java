package org.multipoint.training;

import org.bytedeco.javacpp.FloatPointer;
import org.multipoint.formats.NumberFormat;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonAutoDetect;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

import java.util.Objects;
import java.util.SplittableRandom;

/**
 * Rounds arrays of one kind in place, and counts what becomes of their values in training. Outside of training it rounds to nearest and counts
 * nothing, so that networks that are trained can be evaluated by several threads.
 */
@JsonAutoDetect(fieldVisibility = JsonAutoDetect.Visibility.NONE, getterVisibility = JsonAutoDetect.Visibility.NONE,
        isGetterVisibility = JsonAutoDetect.Visibility.NONE)
final class Rounder {

    /** Values on the heap at a time. */
    private static final int PART = 1 << 13;

    @JsonProperty
    private final NumberFormat format;
    @JsonProperty
    private final boolean stochastic;
    @JsonProperty
    private final long seed;
    private final SplittableRandom random;
    private long values;
    private long underflows;
    private long overflows;

    /** @param seed of stochastic rounding */
    @JsonCreator
    Rounder(@JsonProperty("format") NumberFormat format, @JsonProperty("stochastic") boolean stochastic, @JsonProperty("seed") long seed) {
        this.format = format;
        this.stochastic = stochastic;
        this.seed = seed;
        random = new SplittableRandom(seed);
    }

    /** Rounds all values of an array, which may be a view, in place. */
    void round(INDArray array, boolean training) {
        if (array.dataType() != DataType.FLOAT) {
            throw new IllegalStateException("Expected single precision, found " + array.dataType());
        }
        if (array.isEmpty()) {
            return;
        }
        if (array.elementWiseStride() != 1) {
            INDArray dense = array.dup('c');
            round(dense, training);
            array.assign(dense);
            return;
        }
        float[] part = new float[(int) Math.min(PART, array.length())];
        FloatPointer at = new FloatPointer(array.data().pointer());
        for (long from = 0; from < array.length(); from += part.length) {
            int count = (int) Math.min(part.length, array.length() - from);
            at.position(array.offset() + from).get(part, 0, count);
            if (training) {
                roundAndCount(part, count);
            } else {
                for (int i = 0; i < count; i++) {
                    part[i] = format.nearest(part[i]);
                }
            }
            at.put(part, 0, count);
        }
    }

    private void roundAndCount(float[] part, int count) {
        int vanished = 0;
        int beyond = 0;
        for (int i = 0; i < count; i++) {
            float value = part[i];
            part[i] = stochastic ? format.stochastic(value, random.nextInt()) : format.nearest(value);
            vanished += part[i] == 0 && value != 0 ? 1 : 0;
            beyond += Math.abs(value) > format.maximum() && !Float.isInfinite(value) ? 1 : 0;
        }
        values += count;
        underflows += vanished;
        overflows += beyond;
    }

    LowPrecisionReport.Row report(TensorKind kind) {
        return new LowPrecisionReport.Row(kind, format, stochastic, values, underflows, overflows);
    }

    /** Whether it rounds in the same way: updaters of equal settings share a state in Deeplearning4j. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Rounder o && format.equals(o.format) && stochastic == o.stochastic && seed == o.seed;
    }

    @Override
    public int hashCode() {
        return Objects.hash(format, stochastic, seed);
    }
}
