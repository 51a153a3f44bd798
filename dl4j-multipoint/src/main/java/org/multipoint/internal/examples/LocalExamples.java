package org.multipoint.internal.examples;

import org.multipoint.internal.calibration.CalibrationData;
import org.multipoint.internal.calibration.Mergeable;
import org.multipoint.internal.graph.ReferenceNetwork;

/** Examples in one place: this process. Tasks run on the thread that asks. */
public final class LocalExamples implements Examples {

    private final ReferenceNetwork network;
    private final CalibrationData data;
    private final Place place;

    /** @param budget for activations */
    public LocalExamples(ReferenceNetwork network, CalibrationData data, Activations.Budget budget) {
        this.network = network;
        this.data = data;
        this.place = new Place(budget);
    }

    @Override
    public String description() {
        return data.description();
    }

    @Override
    public CalibrationData first() {
        return data;
    }

    @Override
    public <S extends Mergeable<S>> S sum(Task<S> task, Runnable afterBatch) {
        return task.at(place.with(network, data, afterBatch));
    }

    @Override
    public <S extends Mergeable<S>> S advance(Task<S> task) {
        return sum(task);
    }

    @Override
    public void defer(Step step) {
        step.at(place.with(network, data, () -> { }));
    }

    @Override
    public void clear() {
        place.close();
    }

    @Override
    public void close() {
        clear();
    }
}
