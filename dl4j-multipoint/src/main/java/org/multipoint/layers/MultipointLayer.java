package org.multipoint.layers;

import org.deeplearning4j.nn.conf.layers.Layer;
import org.multipoint.internal.ops.LinearOp;

import java.util.List;
import java.util.Objects;

/** The configuration of a layer whose weights are stored as points. */
interface MultipointLayer {

    /** The stored weights; null where the configuration was read from a file without any. */
    MultipointWeights getMultipoint();

    /** The operations that weights are stored for, in their order. */
    default List<LinearOp> storedOps() {
        return LayerKind.ofMultipoint((Layer) this).ops((Layer) this);
    }

    /** Whether inputs of the operations may be quantized. */
    default boolean mayQuantizeInputs() {
        return true;
    }

    /** For {@code equals}: whether two layers store the same weights. */
    static boolean sameWeights(MultipointLayer layer, Object other) {
        return other instanceof MultipointLayer m && Objects.equals(layer.getMultipoint(), m.getMultipoint());
    }

    /** For {@code hashCode}. */
    static int weightsHash(MultipointLayer layer) {
        return Objects.hashCode(layer.getMultipoint());
    }
}
