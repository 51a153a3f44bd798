package org.multipoint.samples;

/** A network made ready to be run on one input again and again, in one of several ways. */
interface BenchmarkSubject extends AutoCloseable {

    /** Name for tables and other programs. */
    String name();

    /** Runs the network once and gives its output, row by row. */
    float[] run();

    @Override
    void close();
}
