package org.multipoint.internal.examples;

import java.io.Serializable;

/** A change of the activations that are kept where examples live: it is sent there, with all that it refers to, and may be repeated from the start. */
@FunctionalInterface
public interface Step extends Serializable {

    /** Changes the activations of a place. */
    void at(Place place);
}
