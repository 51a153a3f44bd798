package org.multipoint.layers;

import org.deeplearning4j.nn.conf.layers.Layer;
import org.multipoint.internal.ops.LinearOp;

import java.util.List;
import java.util.Objects;

/** The configuration of a layer whose weights are stored as points. */
public interface MultipointLayer {

    /** The stored weights. */
    MultipointWeights getMultipoint();

    /** The operations of this layer, one for each of the {@link MultipointWeights#operations()}. */
    default List<LinearOp> linearOps() {
        return LayerKind.ofMultipoint((Layer) this).ops((Layer) this);
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
