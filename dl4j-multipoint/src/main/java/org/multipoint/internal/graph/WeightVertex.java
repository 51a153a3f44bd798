package org.multipoint.internal.graph;

import org.deeplearning4j.nn.conf.layers.Layer;
import org.multipoint.layers.MultipointWeights;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.List;
import java.util.Map;

/** A vertex of a graph whose weights can be stored as points. */
public sealed interface WeightVertex permits LinearVertex, WeightOnlyVertex {

    /** Name of the vertex. */
    String name();

    /** The operations that its weight matrices are. */
    List<LinearVertex.Operation> operations();

    /** Name of the kind of layer that it has, in capitals. */
    String kindName();

    /**
     * A layer that replaces another one.
     *
     * @param layer  its configuration
     * @param params its parameters by key
     */
    record Stored(Layer layer, Map<String, INDArray> params) {
    }

    /**
     * The layer that stores the vertex's weights as points.
     *
     * @param plain  configuration of the vertex's layer
     * @param params its parameters
     * @param biases of each operation, {@code [rows]}
     */
    Stored stored(Layer plain, Map<String, INDArray> params, MultipointWeights weights, List<float[]> biases);
}
