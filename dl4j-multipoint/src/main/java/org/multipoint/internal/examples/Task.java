package org.multipoint.internal.examples;

import org.multipoint.internal.calibration.Mergeable;

import java.io.Serializable;

/**
 * Work that is done wherever examples live: it is sent there, with all that it refers to. Its result depends on the examples, their order and
 * their activations alone.
 *
 * @param <S> sums over the examples of one place, which are added up in the order of the places
 */
@FunctionalInterface
public interface Task<S extends Mergeable<S>> extends Serializable {

    /** The sums over the examples of a place. */
    S at(Place place);
}
