package org.multipoint.internal.examples;

import org.multipoint.internal.calibration.CalibrationData;
import org.multipoint.internal.calibration.Mergeable;

/**
 * Calibration examples, wherever they live, in one place or in several, with a network that is evaluated there. They are looked at by tasks
 * whose sums come back. Activations stay in their places; steps make new ones of them.
 */
public interface Examples extends AutoCloseable {

    /** Where they come from, for the provenance. */
    String description();

    /** The first of them, on this machine: to be read as far as they are needed. */
    CalibrationData first();

    /**
     * The sums over all examples; activations stay as they are.
     *
     * @param afterBatch called on this thread for each batch that a task has {@linkplain Place#passed() passed}, where the examples are on this
     *                   machine
     */
    <S extends Mergeable<S>> S sum(Task<S> task, Runnable afterBatch);

    /** The sums over all examples; activations stay as they are. */
    default <S extends Mergeable<S>> S sum(Task<S> task) {
        return sum(task, () -> { });
    }

    /** The sums over all examples of a task that changes activations, too. */
    <S extends Mergeable<S>> S advance(Task<S> task);

    /** Changes activations, at once or before the next task. */
    void defer(Step step);

    /** Forgets all activations. */
    void clear();

    /** Releases all that is held for the examples; what they come from stays as it is. */
    @Override
    void close();
}
