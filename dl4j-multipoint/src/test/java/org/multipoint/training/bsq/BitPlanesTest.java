package org.multipoint.training.bsq;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class BitPlanesTest {

    private static float[] random(int count, long seed) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    @Property
    void weightsAreRoundedToTheNearestMultipleOfTheStep(@ForAll @IntRange(min = 1, max = 30) int count,
                                                        @ForAll @IntRange(min = 1, max = 8) int planes, @ForAll long seed) {
        float[] weights = random(count, seed);
        BitPlanes made = BitPlanes.of(weights, planes);
        float[] rounded = made.weights();
        assertEquals(planes, made.planes());
        for (int i = 0; i < count; i++) {
            assertEquals(weights[i], rounded[i], made.step() * 0.501f);
            assertTrue(Math.abs(made.integers()[i]) < 1 << planes);
        }
    }

    /** Cutting off the largest weights never leaves more than the widest step does, and much less where a few are far from the others. */
    @Property
    void theNearestStepLeavesTheLeastError(@ForAll @IntRange(min = 1, max = 60) int count, @ForAll @IntRange(min = 1, max = 8) int planes,
                                           @ForAll long seed) {
        float[] weights = random(count, seed);
        BitPlanes nearest = BitPlanes.nearest(weights, planes);
        assertEquals(planes, nearest.planes());
        for (int integer : nearest.integers()) {
            assertTrue(Math.abs(integer) < 1 << planes);
        }
        assertTrue(error(weights, nearest) <= error(weights, BitPlanes.of(weights, planes)) * (1 + 1e-6) + 1e-12);
    }

    @Test
    void aFewLargeWeightsAreCutOff() {
        float[] weights = random(1000, 3);
        weights[5] = 12;
        assertTrue(error(weights, BitPlanes.nearest(weights, 2)) < 0.5 * error(weights, BitPlanes.of(weights, 2)));
        assertArrayEquals(new float[4], BitPlanes.nearest(new float[4], 3).weights());
    }

    private static double error(float[] weights, BitPlanes planes) {
        float[] rounded = planes.weights();
        double sum = 0;
        for (int i = 0; i < weights.length; i++) {
            sum += (weights[i] - rounded[i]) * (weights[i] - rounded[i]);
        }
        return sum;
    }

    /** {@code dw / dp_b = 2^b step}: the integer 3 = 11 grows by (1 + 4) times the change, as the negative planes stay at zero. */
    @Test
    void aChangeOfWeightsReachesThePlanesByTheChainRule() {
        BitPlanes planes = BitPlanes.of(new float[]{3, -2}, 2);
        assertEquals(1, planes.step());
        assertArrayEquals(new int[]{3, -2}, planes.integers());
        planes.add(new float[]{0.09f, 0});
        assertArrayEquals(new int[]{3, -2}, planes.integers());
        planes.add(new float[]{0.02f, 0});
        assertArrayEquals(new int[]{4, -2}, planes.integers());
        // Both planes of both signs: -2 + 0.3 (1 + 4), of which the lower negative plane can give nothing, then its positive ones.
        planes.add(new float[]{0, 0.3f});
        assertArrayEquals(new int[]{4, 1}, planes.integers());
    }

    @Property
    void planesStayBetweenZeroAndTwo(@ForAll @IntRange(min = 1, max = 6) int planes, @ForAll long seed) {
        BitPlanes made = BitPlanes.of(random(9, seed), planes);
        made.add(random(9, seed + 1).clone());
        for (float huge : new float[]{1e6f, -1e6f}) {
            float[] change = new float[9];
            Arrays.fill(change, huge);
            made.add(change);
            int expected = (int) Math.signum(huge) * 2 * ((1 << planes) - 1);
            for (int integer : made.integers()) {
                assertEquals(expected, integer);
            }
        }
    }

    @Test
    void theGroupLassoIsTheSumOfTheNormsOfPlanes() {
        // 3 = 11, -2 = -10, 1 = 01: two ones in either plane.
        BitPlanes planes = BitPlanes.of(new float[]{3, -2, 1}, 2);
        assertEquals(2 * Math.sqrt(2), planes.groupLasso(), 1e-6);
        planes.shrink(0.5);
        assertEquals(2 * (Math.sqrt(2) - 0.5), planes.groupLasso(), 1e-6);
        planes.shrink(1);
        assertEquals(0, planes.groupLasso());
        assertArrayEquals(new float[3], planes.weights());
    }

    @Property
    void adjustmentKeepsWeightsAndDropsPlanesOfZeros(@ForAll @IntRange(min = 1, max = 40) int count,
                                                     @ForAll @IntRange(min = 2, max = 8) int planes, @ForAll long seed) {
        BitPlanes made = BitPlanes.of(random(count, seed), planes);
        made.shrink(0.4 * Math.abs(new Random(seed).nextGaussian()) * Math.sqrt(count));
        made.add(random(count, seed + 2));
        float[] before = made.weights();
        made.adjust(9);
        assertArrayEquals(before, made.weights(), 1e-6f);
        int used = Arrays.stream(made.integers()).reduce(0, (all, value) -> all | Math.abs(value));
        assertTrue(used == 0 ? made.planes() == 1 : (used & 1) == 1 && used >> made.planes() - 1 == 1, () -> used + " in " + made.planes());
    }

    @Test
    void planesOfZerosAtBothEndsAreDropped() {
        BitPlanes few = BitPlanes.of(new float[]{12, -4, 0, 8}, 4);
        assertEquals(0.8f, few.step(), 1e-6f);
        few.adjust(8);
        // 15, -5, 0, 10 need all four planes; 12 and -4 in units of 1 would need two.
        assertEquals(4, few.planes());
        BitPlanes even = BitPlanes.of(new float[]{15, -12, 0, 8}, 4);
        even.add(new float[]{-7f / 170, 0, 0, 0});
        even.adjust(8);
        assertEquals(2, even.planes(), Arrays.toString(even.integers()));
        assertEquals(4, even.step());
        assertArrayEquals(new float[]{8, -12, 0, 8}, even.weights());
    }

    /** Many steps of less than half an integer each add up, however often planes become binary between them. */
    @Test
    void adjustmentKeepsWhatIsLearnedBetweenIntegers() {
        BitPlanes planes = BitPlanes.of(new float[]{3, -1, 0}, 2);
        for (int i = 0; i < 5; i++) {
            planes.add(new float[]{0, -0.05f, 0.05f});
            planes.adjust(8);
        }
        assertArrayEquals(new int[]{3, -2, 1}, planes.integers());
    }

    @Test
    void integersThatNeedMorePlanesThanAllowedLoseTheirLowestBits() {
        BitPlanes planes = BitPlanes.of(new float[]{255, -100, 3}, 8);
        planes.adjust(7);
        assertEquals(7, planes.planes());
        assertTrue(planes.step() >= 2);
        for (int i = 0; i < 3; i++) {
            assertEquals(new float[]{255, -100, 3}[i], planes.weights()[i], planes.step());
        }
    }

    @Test
    void allZerosKeepOnePlane() {
        BitPlanes planes = BitPlanes.of(new float[5], 8);
        planes.adjust(8);
        assertEquals(1, planes.planes());
        assertArrayEquals(new float[5], planes.weights());
    }
}
