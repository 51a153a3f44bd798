package org.multipoint.internal.ompq;

import org.multipoint.internal.linalg.Products;
import org.multipoint.internal.ops.Tensor;

import java.util.Arrays;

/**
 * The Gram matrix {@code F F^T} of a layer's outputs {@code F [examples, features]}: the products of all pairs of examples. Sums only:
 * parts of the features, and pairs of batches, may come one after another and in any order, and matrices of parts of the features add up.
 * Its size depends on the number of examples alone.
 */
public final class GramMatrix {

    /** Features that are multiplied at a time; their products are added up in double precision. */
    private static final int CHUNK = 1 << 14;

    private final int examples;
    private final double[] products;

    /**
     * @param examples number of examples, positive
     */
    public GramMatrix(int examples) {
        if (examples < 1) {
            throw new IllegalArgumentException("Examples must be positive, found " + examples);
        }
        this.examples = examples;
        this.products = new double[examples * examples];
    }

    /**
     * Adds the products of two batches of examples, both ways round where they are different ones.
     *
     * @param first       number of the first example of {@code a}
     * @param a           outputs, examples first
     * @param firstOfB    number of the first example of {@code b}
     * @param b           outputs with as many features for each example; the same object for the products of a batch with itself
     * @throws IllegalArgumentException where numbers of features differ, or examples are beyond those of the matrix
     */
    public void add(int first, Tensor a, int firstOfB, Tensor b) {
        int features = a.data().length / a.examples();
        if (features != b.data().length / b.examples()) {
            throw new IllegalArgumentException("Expected batches with as many features for each example, found " + features + " and "
                    + b.data().length / b.examples());
        }
        requireInside(first, a);
        requireInside(firstOfB, b);
        for (int from = 0; from < features; from += CHUNK) {
            int to = Math.min(features, from + CHUNK);
            float[] ofA = Products.slice(a.data(), features, 0, a.examples(), from, to);
            float[] ofB = a == b ? ofA : Products.slice(b.data(), features, 0, b.examples(), from, to);
            float[] part = Products.multiplyTransposed(ofA, ofB, a.examples(), to - from, b.examples());
            for (int i = 0; i < a.examples(); i++) {
                for (int j = 0; j < b.examples(); j++) {
                    // A batch with itself gives each pair twice, and the two products may differ in their last bits.
                    double product = a == b ? part[Math.max(i, j) * b.examples() + Math.min(i, j)] : part[i * b.examples() + j];
                    products[(first + i) * examples + firstOfB + j] += product;
                    if (a != b) {
                        products[(firstOfB + j) * examples + first + i] += product;
                    }
                }
            }
        }
    }

    private void requireInside(int first, Tensor batch) {
        if (first < 0 || first + batch.examples() > examples) {
            throw new IllegalArgumentException("Expected examples 0 to " + (examples - 1) + ", found " + first + " to "
                    + (first + batch.examples() - 1));
        }
    }

    /**
     * Adds the sums of a matrix of other features of the same examples.
     *
     * @throws IllegalArgumentException where it has more or fewer examples
     */
    public void merge(GramMatrix other) {
        requireAsMany(other);
        Arrays.setAll(products, i -> products[i] + other.products[i]);
    }

    private void requireAsMany(GramMatrix other) {
        if (other.examples != examples) {
            throw new IllegalArgumentException("Expected a Gram matrix of " + examples + " examples, found " + other.examples);
        }
    }

    /**
     * The orthogonality metric of two layers (equation 5 of the paper in its form for many features),
     * {@code ORM = |F^T G|^2 / (|F^T F| |G^T G|)} with Frobenius norms: the cosine of the angle between the two Gram matrices. It is
     * 1 where outputs are equal up to a factor or a rotation, 0 where they are orthogonal, and 0 for a layer whose outputs are all zero.
     *
     * @throws IllegalArgumentException where the other matrix has more or fewer examples
     */
    public double orthogonality(GramMatrix other) {
        requireAsMany(other);
        double scale = Math.sqrt(dot(this) * other.dot(other));
        return scale > 0 ? Math.min(1, Math.max(0, dot(other) / scale)) : 0;
    }

    private double dot(GramMatrix other) {
        double sum = 0;
        for (int i = 0; i < products.length; i++) {
            sum += products[i] * other.products[i];
        }
        return sum;
    }
}
