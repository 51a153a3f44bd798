package org.multipoint.internal.examples;

/**
 * Activations of one vertex in two networks that process the same examples: the reference network, and the one quantized so far. They are the
 * same object where no quantized layer comes before.
 */
public record Streams(Activations reference, Activations quantized) implements AutoCloseable {

    public boolean same() {
        return reference == quantized;
    }

    @Override
    public void close() {
        try {
            reference.close();
        } finally {
            quantized.close();
        }
    }
}
