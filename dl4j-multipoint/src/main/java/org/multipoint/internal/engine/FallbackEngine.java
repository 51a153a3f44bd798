package org.multipoint.internal.engine;

/** Runs programs on one engine, and those that it does not support on another. */
final class FallbackEngine implements Engine {

    private final Engine first;
    private final Engine second;

    /**
     * @param first  the one that gives this engine its name
     * @param second runs what the first does not support
     */
    FallbackEngine(Engine first, Engine second) {
        this.first = first;
        this.second = second;
    }

    @Override
    public String name() {
        return first.name();
    }

    @Override
    public boolean supports(Program program) {
        return first.supports(program) || second.supports(program);
    }

    @Override
    public Executable compile(Program program) {
        return (first.supports(program) ? first : second).compile(program);
    }
}
