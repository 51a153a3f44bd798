package org.multipoint.spark;

import org.apache.spark.TaskContext;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.BaseActivationFunction;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The hyperbolic tangent, which fails in the first attempts of Spark tasks where a test asks for it. */
public final class Faltering extends BaseActivationFunction {

    private static final long serialVersionUID = 1;
    private static final IActivation TANH = new ActivationTanH();

    /** First attempts that fail, in this process. */
    static volatile int attempts;

    @Override
    public INDArray getActivation(INDArray in, boolean training) {
        TaskContext task = TaskContext.get();
        if (task != null && task.attemptNumber() < attempts) {
            throw new IllegalStateException("fails on purpose");
        }
        return TANH.getActivation(in, training);
    }

    @Override
    public Pair<INDArray, INDArray> backprop(INDArray in, INDArray epsilon) {
        return TANH.backprop(in, epsilon);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Faltering;
    }

    @Override
    public int hashCode() {
        return 1;
    }
}
