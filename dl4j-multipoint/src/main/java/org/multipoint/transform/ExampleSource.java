package org.multipoint.transform;

import org.multipoint.internal.calibration.CalibrationData;
import org.multipoint.internal.examples.Activations;
import org.multipoint.internal.examples.Examples;
import org.multipoint.internal.examples.LocalExamples;
import org.multipoint.internal.graph.ReferenceNetwork;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

import java.util.function.IntFunction;

/**
 * Where calibration examples come from, and where they are computed with: those of an iterator on this machine, those of a cluster where they
 * are. Only modules of the plugin have other sources than {@link Multipoint} itself.
 */
public abstract class ExampleSource {

    /**
     * The examples, with a network that is to be evaluated on them; the caller closes them.
     *
     * @param memory bytes that activations may take on the heap of a machine
     */
    protected abstract Examples open(ReferenceNetwork network, long memory);

    static ExampleSource of(DataSetIterator iterator) {
        return here(inputs -> CalibrationData.of(iterator, inputs));
    }

    static ExampleSource of(MultiDataSetIterator iterator) {
        return here(inputs -> CalibrationData.of(iterator, inputs));
    }

    /** @param data for a number of network inputs */
    private static ExampleSource here(IntFunction<CalibrationData> data) {
        return new ExampleSource() {
            @Override
            protected Examples open(ReferenceNetwork network, long memory) {
                return new LocalExamples(network, data.apply(network.topology().networkInputs().size()), new Activations.Budget(memory));
            }
        };
    }
}
