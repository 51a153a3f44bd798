package org.multipoint.internal.engine;

/**
 * Runs on ND4J's own operations, on any backend, one instruction after another. Integer sums are computed in floating point, which
 * is exact while they fit the significand.
 */
final class Nd4jEngine implements Engine {

    static final Nd4jEngine INSTANCE = new Nd4jEngine();

    private Nd4jEngine() {
    }

    @Override
    public String name() {
        return "nd4j";
    }

    @Override
    public boolean supports(Program program) {
        return true;
    }

    @Override
    public Executable compile(Program program) {
        return new Nd4jExecutable(program);
    }
}
