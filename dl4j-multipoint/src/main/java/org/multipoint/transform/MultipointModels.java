package org.multipoint.transform;

import org.deeplearning4j.nn.api.Model;
import org.multipoint.internal.engine.EngineRunner;
import org.multipoint.internal.graph.EngineRunners;

import java.util.Objects;

/** What can be done with a model that was transformed or compiled, beside what Deeplearning4j does with every model. */
public final class MultipointModels {

    private MultipointModels() {
    }

    /**
     * Releases the native memory, outside the Java heap, that the multipoint layers and segments of a model hold for running it: packed
     * weights, plans and buffers. Without this it is released when the garbage collector finds the model.
     *
     * <p>The model may be run again afterwards; its next run makes anew what it needs, from the parameters that it has then. Parameters and
     * stored weights are not touched: {@code model.close()} closes the former. Threads that run the model meanwhile finish first.
     *
     * @param model an initialized {@code ComputationGraph} or {@code MultiLayerNetwork}; nothing happens to one of plain layers
     * @throws IllegalArgumentException where it is neither
     */
    public static void close(Model model) {
        EngineRunners.of(Objects.requireNonNull(model, "model")).forEach(EngineRunner::release);
    }
}
