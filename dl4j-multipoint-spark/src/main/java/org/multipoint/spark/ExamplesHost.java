package org.multipoint.spark;

import org.deeplearning4j.util.ModelSerializer;
import org.multipoint.internal.engine.Engines;
import org.multipoint.internal.examples.Activations;
import org.multipoint.internal.examples.Place;
import org.multipoint.internal.graph.ReferenceNetwork;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;

/**
 * What an executor holds for the examples of its partitions: networks, one for each task that runs at the same time, and the activations of
 * each partition with the number of steps that have made them. Thread-safe.
 */
final class ExamplesHost implements AutoCloseable {

    private final byte[] model;
    private final Activations.Budget budget;
    private final Deque<ReferenceNetwork> idle = new ConcurrentLinkedDeque<>();
    private final Map<Integer, State> states = new ConcurrentHashMap<>();

    /** The activations of a partition. */
    private final class State {

        private final Place place = new Place(budget);
        private long run;
        private int steps;

        private void reset(long to) {
            place.close();
            run = to;
            steps = 0;
        }
    }

    /** Work on a network. */
    interface Work {
        byte[] on(ReferenceNetwork network, Replay replay);
    }

    /** The activations of a partition, and how they come to be what they are. */
    final class Replay {

        private final State state;

        private Replay(State state) {
            this.state = state;
        }

        Place place() {
            return state.place;
        }

        /** The first step that is still to be done of some; all of them where more are done, or others. */
        int first(long run, int steps) {
            if (state.run != run || state.steps > steps) {
                state.reset(run);
            }
            return state.steps;
        }

        void done() {
            state.steps++;
        }
    }

    /**
     * @param model  the network, as {@link Wire#model} writes it
     * @param memory bytes that activations may take on the heap
     */
    ExamplesHost(byte[] model, long memory) {
        this.model = model;
        this.budget = new Activations.Budget(memory);
    }

    private ReferenceNetwork network() {
        ReferenceNetwork network = idle.poll();
        try {
            return network != null ? network
                    : new ReferenceNetwork(ModelSerializer.restoreComputationGraph(new ByteArrayInputStream(model), false), Engines.preferred());
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read the network", e);
        }
    }

    /** Does work for a partition; where it fails, its activations are forgotten, because a step may be half done. */
    byte[] work(int partition, Work work) {
        State state = states.computeIfAbsent(partition, p -> new State());
        synchronized (state) {
            ReferenceNetwork network = network();
            try {
                byte[] result = work.on(network, new Replay(state));
                idle.push(network);
                return result;
            } catch (RuntimeException | Error e) {
                state.reset(state.run);
                throw e;
            }
        }
    }

    @Override
    public void close() {
        for (State state : states.values()) {
            synchronized (state) {
                state.reset(state.run);
            }
        }
        for (ReferenceNetwork network = idle.poll(); network != null; network = idle.poll()) {
            network.graph().close();
        }
    }
}
