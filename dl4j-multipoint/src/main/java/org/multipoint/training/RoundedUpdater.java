package org.multipoint.training;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

import java.util.Map;
import java.util.Objects;

/** An updater whose updates are rounded, and which makes sure that gradients have been divided by the loss scale. */
final class RoundedUpdater implements IUpdater {

    @JsonProperty
    private final IUpdater updater;
    /** Null where updates are not rounded. */
    @JsonProperty
    private final Rounder rounder;
    /** Null in a network that was read from a file. */
    private final transient LossScaler scaler;

    @JsonCreator
    RoundedUpdater(@JsonProperty("updater") IUpdater updater, @JsonProperty("rounder") Rounder rounder) {
        this(updater, rounder, null);
    }

    RoundedUpdater(IUpdater updater, Rounder rounder, LossScaler scaler) {
        this.updater = updater;
        this.rounder = rounder;
        this.scaler = scaler;
    }

    @Override
    public long stateSize(long numParams) {
        return updater.stateSize(numParams);
    }

    @Override
    public GradientUpdater<?> instantiate(INDArray view, boolean initialize) {
        return new Steps<>(updater.instantiate(view, initialize));
    }

    @Override
    public GradientUpdater<?> instantiate(Map<String, INDArray> state, boolean initialize) {
        return new Steps<>(updater.instantiate(state, initialize));
    }

    @Override
    public double getLearningRate(int iteration, int epoch) {
        return updater.getLearningRate(iteration, epoch);
    }

    @Override
    public boolean hasLearningRate() {
        return updater.hasLearningRate();
    }

    @Override
    public void setLrAndSchedule(double rate, ISchedule schedule) {
        updater.setLrAndSchedule(rate, schedule);
    }

    @Override
    public RoundedUpdater clone() {
        return new RoundedUpdater(updater.clone(), rounder, scaler);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RoundedUpdater o && updater.equals(o.updater) && Objects.equals(rounder, o.rounder);
    }

    @Override
    public int hashCode() {
        return Objects.hash(updater, rounder);
    }

    private final class Steps<T extends IUpdater> implements GradientUpdater<T> {

        private final GradientUpdater<T> steps;

        Steps(GradientUpdater<T> steps) {
            this.steps = steps;
        }

        @Override
        public T getConfig() {
            return steps.getConfig();
        }

        @Override
        public void setState(Map<String, INDArray> state, boolean initialize) {
            steps.setState(state, initialize);
        }

        @Override
        public Map<String, INDArray> getState() {
            return steps.getState();
        }

        @Override
        public void setStateViewArray(INDArray view, long[] gradientShape, char gradientOrder, boolean initialize) {
            steps.setStateViewArray(view, gradientShape, gradientOrder, initialize);
        }

        @Override
        public void applyUpdater(INDArray gradient, int iteration, int epoch) {
            if (scaler != null) {
                scaler.requireUnscaled();
            }
            steps.applyUpdater(gradient, iteration, epoch);
            if (rounder != null) {
                rounder.round(gradient, true);
            }
        }
    }
}
