package org.multipoint.transform;

import org.multipoint.internal.calibration.MemoryBound;
import org.multipoint.internal.engine.FusedRows;
import org.multipoint.internal.graph.LinearVertex;
import org.multipoint.internal.graph.WeightVertex;
import org.multipoint.options.Method;
import org.multipoint.options.MultipointOptions;

import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;

/**
 * An immutable snapshot of the settings of one transformation.
 *
 * @param model          kind of the source model
 * @param method         how points are found
 * @param layerBits      widths of single layers, by name
 * @param budget         what may be spent on points
 * @param activationBits width of quantized activations, 0 where they stay floating
 * @param leftOut        layers that stay in fp32, in the order in which they were named
 * @param memory         bound on statistics, and on activations, in bytes
 * @param options        options of the algorithm
 */
record Settings(String model, Method method, Map<String, Integer> layerBits, Budget budget, int activationBits,
                Set<String> leftOut, long memory, MultipointOptions options) {

    Settings {
        layerBits = Collections.unmodifiableMap(new TreeMap<>(layerBits));
        leftOut = Collections.unmodifiableSet(new LinkedHashSet<>(leftOut));
    }

    /** The algorithm behind the method. */
    MethodStrategy strategy() {
        return MethodStrategy.of(method, options, budget);
    }

    /** Bound on the memory of second moments and of all that is derived from them. */
    MemoryBound bound() {
        return new MemoryBound(memory);
    }

    /** Width that was asked for one vertex alone. */
    OptionalInt ownBits(String vertex) {
        return layerBits.containsKey(vertex) ? OptionalInt.of(layerBits.get(vertex)) : OptionalInt.empty();
    }

    /**
     * Width of the quantized inputs of an operation, 0 where they stay floating.
     *
     * @param ofNetwork whether they are the network's own
     */
    int inputBits(boolean ofNetwork) {
        return activationBits > 0 && ofNetwork ? options.inputBits() : activationBits;
    }

    /** Largest magnitude of the integers of a vertex's rows that are multiplied as they are; larger ones are rounded by the engine. */
    int largestCode(WeightVertex vertex) {
        boolean onIntegers = activationBits > 0 && vertex instanceof LinearVertex;
        return onIntegers && options.reduceRange() ? FusedRows.SAFE_LIMIT : Integer.MAX_VALUE;
    }

    /** Whether the ranges of channels are equalized, or may turn out to be better equalized. */
    boolean mayEqualize() {
        return options.equalization() != MultipointOptions.Equalization.NEVER && activationBits > 0 && strategy().isSequential();
    }

    /**
     * Whether ranges that may be equalized are.
     *
     * @param worthwhile asked where that is to be predicted
     */
    boolean equalizes(BooleanSupplier worthwhile) {
        return options.equalization() == MultipointOptions.Equalization.ALWAYS || worthwhile.getAsBoolean();
    }

    /** Number of steps in the range of a quantized activation between layers. */
    int inputLevels() {
        return (1 << activationBits) - 1;
    }

    /** Settings for the provenance, by name: all but method, width and budget, which it holds by themselves. */
    Map<String, String> describe() {
        Map<String, String> d = new TreeMap<>();
        strategy().describe(d);
        if (!layerBits.isEmpty()) {
            d.put("layerBits", layerBits.toString());
        }
        d.put("activationBits", String.valueOf(activationBits));
        if (activationBits > 0) {
            d.put("inputBits", String.valueOf(options.inputBits()));
        }
        d.put("clipping", options.clipping().name().toLowerCase(Locale.ROOT));
        if (!options.reduceRange()) {
            d.put("reduceRange", "false");
        }
        if (!leftOut.isEmpty()) {
            d.put("leftOut", String.join(", ", leftOut));
        }
        if (!options.foldBatchNormalization()) {
            d.put("foldBatchNormalization", "false");
        }
        d.put("positionsPerImage", String.valueOf(options.positionsPerImage()));
        return d;
    }
}
