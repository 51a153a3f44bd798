package org.multipoint.internal.engine;

/**
 * The part of a layer or segment that runs on an engine. Deeplearning4j instantiates layers from configurations, which name no engine: a
 * runner uses {@link Engines#preferred()} as of its first run, unless it is given another engine, before or after that.
 */
public abstract class EngineRunner {

    private Engine engine;

    /** The engine to compile for. */
    protected final synchronized Engine engine() {
        if (engine == null) {
            engine = Engines.preferred();
        }
        return engine;
    }

    /** Uses the given engine from the next run on; what was compiled for the previous one is closed. */
    public final synchronized void runOn(Engine other) {
        release();
        engine = other;
    }

    /** Releases the native memory of everything compiled, after any run in progress. The next run compiles again. */
    public final synchronized void release() {
        closeCompiled();
    }

    /** Closes and drops what was compiled, if anything was. Called with this object's lock, which runs must hold as well. */
    protected abstract void closeCompiled();
}
