package org.multipoint.internal.graph;

import org.multipoint.internal.ops.Tensor;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * Shapes and masks of a batch at the inputs of a network. Preprocessors and some vertices need them: where steps of sequences are rows, an
 * activation does not show the size of the batch, there are vertices that repeat a vector for each step of a network input, and recurrent layers
 * leave out the steps that are masked.
 *
 * @param inputs shape of each network input, the first axis of which is the batch
 * @param masks  mask of each network input, null for none; empty where no input has one
 */
public record BatchShape(List<List<Long>> inputs, List<Tensor> masks) {

    /** The shapes of a batch of network inputs without masks. */
    public static BatchShape of(Tensor[] batch) {
        return of(batch, new Tensor[0]);
    }

    /**
     * The shapes of a batch of network inputs.
     *
     * @param masks one for each input, or none; null for an input without
     */
    public static BatchShape of(Tensor[] batch, Tensor[] masks) {
        return new BatchShape(Arrays.stream(batch).map(t -> Arrays.stream(t.shape()).boxed().toList()).toList(),
                Arrays.stream(masks).allMatch(Objects::isNull) ? List.of() : Arrays.asList(masks));
    }

    /** Number of examples. */
    public int examples() {
        return inputs.get(0).get(0).intValue();
    }
}
