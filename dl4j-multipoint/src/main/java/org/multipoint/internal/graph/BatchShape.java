package org.multipoint.internal.graph;

import org.multipoint.internal.ops.Tensor;

import java.util.Arrays;
import java.util.List;

/**
 * Shapes of a batch at the inputs of a network. Preprocessors and some vertices need them: where steps of sequences are rows, an activation
 * does not show the size of the batch, and there are vertices that repeat a vector for each step of a network input.
 *
 * @param inputs shape of each network input, the first axis of which is the batch
 */
public record BatchShape(List<List<Long>> inputs) {

    /** The shapes of a batch of network inputs. */
    public static BatchShape of(Tensor[] batch) {
        return new BatchShape(Arrays.stream(batch).map(t -> Arrays.stream(t.shape()).boxed().toList()).toList());
    }

    /** Number of examples. */
    int examples() {
        return inputs.get(0).get(0).intValue();
    }
}
