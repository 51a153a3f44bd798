package org.multipoint.internal.engine;

/** A layer or vertex of Deeplearning4j that runs on an engine. */
public interface EngineHost {

    /** The part of it that runs on the engine. */
    EngineRunner runner();
}
