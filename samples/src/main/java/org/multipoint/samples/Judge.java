package org.multipoint.samples;

import org.multipoint.datasets.ImageIterator;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** How networks for a task are judged. */
@FunctionalInterface
interface Judge<J extends Judgement> {

    /**
     * Evaluates a network on all images of an iterator.
     *
     * @param reference what was found of another network on the same images, to compare with; null for none
     */
    J evaluate(String name, Network network, ImageIterator images, J reference);

    /** Draws results beside each other. */
    default void draw(Path png, String model, Measured<J> original, List<QuantizedNetwork<J>> quantized) throws IOException {
        ComparisonPlot.write(png, model, original, quantized);
    }
}
