package org.multipoint.internal.engine;

/** A layer or vertex that runs on an engine. */
public interface EngineHost {

    /** The part that does so. */
    EngineRunner runner();
}
