package org.multipoint.testing;

import org.multipoint.internal.engine.Engine;
import org.multipoint.internal.engine.Engines;
import org.multipoint.internal.engine.Executable;
import org.multipoint.internal.engine.Program;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.List;
import java.util.function.Function;

/** The preferred engine, which counts what is compiled and not yet closed, and can fail. */
public final class CountingEngine implements Engine {

    private final Engine engine = Engines.preferred();
    private final int failing;
    private int compiled;
    private int runs;
    private int open;

    /**
     * @param failing the how manieth call fails, counted over both {@link #compile} and runs of executables; 0 for none
     */
    public CountingEngine(int failing) {
        this.failing = failing;
    }

    /** What an engine that has a bug throws. */
    public static final class Bug extends RuntimeException {
    }

    /** Executables that are open. */
    public int open() {
        return open;
    }

    /** Executables that were compiled. */
    public int compiled() {
        return compiled;
    }

    @Override
    public String name() {
        return "counting";
    }

    @Override
    public boolean supports(Program program) {
        return engine.supports(program);
    }

    private void call() {
        if (compiled + runs == failing) {
            throw new Bug();
        }
    }

    @Override
    public Executable compile(Program program) {
        compiled++;
        call();
        Executable executable = engine.compile(program);
        open++;
        return new Executable() {
            private boolean closed;

            @Override
            public List<INDArray> runAll(Function<List<long[]>, List<INDArray>> allocate, INDArray... inputs) {
                runs++;
                call();
                return executable.runAll(allocate, inputs);
            }

            @Override
            public void close() {
                executable.close();
                open -= closed ? 0 : 1;
                closed = true;
            }
        };
    }
}
