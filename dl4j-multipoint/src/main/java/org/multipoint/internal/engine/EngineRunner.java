package org.multipoint.internal.engine;

/**
 * The part of a layer or segment that runs on an engine. Deeplearning4j makes layers from configurations, which name no engine: each starts
 * with {@link Engines#preferred()}, asked for at the first run, and takes another one before or after that.
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

    /** Runs on the given engine from the next run on; what another one compiled is closed. */
    public final synchronized void runOn(Engine other) {
        release();
        engine = other;
    }

    /** Releases all native memory that the engine holds for this, after a run that is under way. The next run compiles anew. */
    public final synchronized void release() {
        closeCompiled();
    }

    /** Closes and forgets what was compiled, if anything was. Called with this object's lock, which runs must hold, too. */
    protected abstract void closeCompiled();
}
