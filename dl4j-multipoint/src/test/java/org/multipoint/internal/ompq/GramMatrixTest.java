package org.multipoint.internal.ompq;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.multipoint.internal.ops.Tensor;

import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class GramMatrixTest {

    private static Tensor random(int examples, int features, long seed) {
        float[] values = new float[examples * features];
        Random random = new Random(seed);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return new Tensor(values, examples, features);
    }

    private static GramMatrix of(Tensor outputs) {
        GramMatrix gram = new GramMatrix(outputs.examples());
        gram.add(0, outputs, 0, outputs);
        return gram;
    }

    /** The formula of the paper for the features themselves: {@code |F^T G|^2 / (|F^T F| |G^T G|)}. */
    private static double byFeatures(Tensor f, Tensor g) {
        return crossNorm(f, g) / Math.sqrt(crossNorm(f, f) * crossNorm(g, g));
    }

    private static double crossNorm(Tensor f, Tensor g) {
        int ofF = f.data().length / f.examples();
        int ofG = g.data().length / g.examples();
        double sum = 0;
        for (int i = 0; i < ofF; i++) {
            for (int j = 0; j < ofG; j++) {
                double product = 0;
                for (int n = 0; n < f.examples(); n++) {
                    product += (double) f.data()[n * ofF + i] * g.data()[n * ofG + j];
                }
                sum += product * product;
            }
        }
        return sum;
    }

    @Property
    void isThePapersFormulaForFeatures(@ForAll @IntRange(min = 1, max = 9) int examples, @ForAll @IntRange(min = 1, max = 40) int ofF,
                                       @ForAll @IntRange(min = 1, max = 7) int ofG, @ForAll long seed) {
        Tensor f = random(examples, ofF, seed);
        Tensor g = random(examples, ofG, seed + 1);
        assertEquals(byFeatures(f, g), of(f).orthogonality(of(g)), 1e-5);
    }

    @Property
    void isBetweenZeroAndOneSymmetricAndOneWithItself(@ForAll @IntRange(min = 1, max = 12) int examples,
                                                      @ForAll @IntRange(min = 1, max = 30) int ofF,
                                                      @ForAll @IntRange(min = 1, max = 30) int ofG, @ForAll long seed) {
        GramMatrix f = of(random(examples, ofF, seed));
        GramMatrix g = of(random(examples, ofG, seed + 1));
        double orm = f.orthogonality(g);
        assertTrue(orm >= 0 && orm <= 1, () -> "" + orm);
        assertEquals(orm, g.orthogonality(f));
        assertEquals(1, f.orthogonality(f));
    }

    @Property
    void doesNotChangeWithTheScaleOfOutputs(@ForAll @IntRange(min = 2, max = 6) int examples, @ForAll long seed) {
        Tensor f = random(examples, 5, seed);
        float[] scaled = f.data().clone();
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] *= -4;
        }
        GramMatrix g = of(random(examples, 3, seed + 1));
        assertEquals(of(f).orthogonality(g), of(new Tensor(scaled, f.shape())).orthogonality(g), 1e-12);
        assertEquals(1, of(f).orthogonality(of(new Tensor(scaled, f.shape()))), 1e-12);
    }

    @Property
    void batchesAndPartsOfFeaturesAddUp(@ForAll @IntRange(min = 2, max = 9) int examples, @ForAll @IntRange(min = 2, max = 20) int features,
                                        @ForAll long seed) {
        Tensor all = random(examples, features, seed);
        int cut = 1 + (int) (Math.abs(seed % 1000) % (examples - 1));
        int middle = 1 + (int) (Math.abs(seed % 777) % (features - 1));
        GramMatrix sum = new GramMatrix(examples);
        for (int[] part : new int[][]{{0, middle}, {middle, features}}) {
            GramMatrix ofPart = new GramMatrix(examples);
            Tensor a = part(all, 0, cut, part);
            Tensor b = part(all, cut, examples, part);
            ofPart.add(cut, b, cut, b);
            ofPart.add(0, a, cut, b);
            ofPart.add(0, a, 0, a);
            sum.merge(ofPart);
        }
        GramMatrix other = of(random(examples, 4, seed + 1));
        assertEquals(of(all).orthogonality(other), sum.orthogonality(other), 1e-6);
        assertEquals(1, of(all).orthogonality(sum), 1e-9);
    }

    private static Tensor part(Tensor all, int from, int to, int[] columns) {
        int features = all.data().length / all.examples();
        int width = columns[1] - columns[0];
        float[] values = new float[(to - from) * width];
        for (int i = from; i < to; i++) {
            System.arraycopy(all.data(), i * features + columns[0], values, (i - from) * width, width);
        }
        return new Tensor(values, to - from, width);
    }

    /** More features than are multiplied at a time. */
    @Test
    void manyFeaturesOfAnyShapeAreMultipliedInParts() {
        Tensor flat = random(3, 40_000, 1);
        Tensor shaped = new Tensor(flat.data(), 3, 4, 100, 100);
        GramMatrix other = of(random(3, 2, 2));
        assertEquals(byFeatures(flat, random(3, 2, 2)), of(shaped).orthogonality(other), 1e-5);
    }

    @Test
    void outputsOfDifferentExamplesAreOrthogonal() {
        GramMatrix f = of(new Tensor(new float[]{1, 2, 0, 0}, 2, 2));
        GramMatrix g = of(new Tensor(new float[]{0, 3}, 2, 1));
        assertEquals(0, f.orthogonality(g));
    }

    @Test
    void outputsThatAreAllZeroAreOrthogonalToAll() {
        GramMatrix zero = new GramMatrix(2);
        assertEquals(0, zero.orthogonality(of(random(2, 3, 1))));
        assertEquals(0, zero.orthogonality(zero));
    }

    @Test
    void refusesWhatDoesNotFit() {
        GramMatrix gram = new GramMatrix(4);
        Tensor two = random(2, 3, 1);
        assertEquals("Expected batches with as many features for each example, found 3 and 5",
                assertThrows(IllegalArgumentException.class, () -> gram.add(0, two, 2, random(2, 5, 1))).getMessage());
        assertEquals("Expected examples 0 to 3, found 3 to 4",
                assertThrows(IllegalArgumentException.class, () -> gram.add(3, two, 0, two)).getMessage());
        assertEquals("Expected a Gram matrix of 4 examples, found 2",
                assertThrows(IllegalArgumentException.class, () -> gram.merge(new GramMatrix(2))).getMessage());
        assertThrows(IllegalArgumentException.class, () -> gram.orthogonality(new GramMatrix(2)));
        assertThrows(IllegalArgumentException.class, () -> new GramMatrix(0));
    }
}
