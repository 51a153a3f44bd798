package org.multipoint.samples;

/** A network prepared to be run on one input repeatedly, in one of several ways. */
interface BenchmarkSubject extends AutoCloseable {

    /** Name for tables and other programs. */
    String name();

    /** Runs the network once and returns its outputs one after another, each row by row. */
    float[] run();

    @Override
    void close();
}
