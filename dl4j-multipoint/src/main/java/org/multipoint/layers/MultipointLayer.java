package org.multipoint.layers;

import java.util.Objects;

/** The configuration of a layer whose weights are stored as points. */
interface MultipointLayer {

    /** The stored weights; null where the configuration was read from a file without any. */
    MultipointWeights getMultipoint();

    /** For {@code equals}: whether two layers store the same weights. */
    static boolean sameWeights(MultipointLayer layer, Object other) {
        return other instanceof MultipointLayer m && Objects.equals(layer.getMultipoint(), m.getMultipoint());
    }

    /** For {@code hashCode}. */
    static int weightsHash(MultipointLayer layer) {
        return Objects.hashCode(layer.getMultipoint());
    }
}
