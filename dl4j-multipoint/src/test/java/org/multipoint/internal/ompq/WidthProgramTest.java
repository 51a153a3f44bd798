package org.multipoint.internal.ompq;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.multipoint.internal.ompq.WidthProgram.Layer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class WidthProgramTest {

    private static List<Layer> random(int count, boolean alike, Random random) {
        List<Layer> layers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int least = 2 + random.nextInt(3);
            // As in networks, several layers have the same size.
            layers.add(new Layer(alike ? 1 : random.nextDouble(), 1L << random.nextInt(20), least, least + random.nextInt(9 - least)));
        }
        return layers;
    }

    private static double bits(List<Layer> layers, int[] widths) {
        return IntStream.range(0, widths.length).mapToDouble(i -> (double) layers.get(i).weights() * widths[i]).sum();
    }

    private static double least(List<Layer> layers) {
        return bits(layers, layers.stream().mapToInt(Layer::least).toArray());
    }

    private static double most(List<Layer> layers) {
        return bits(layers, layers.stream().mapToInt(Layer::most).toArray());
    }

    @Property(tries = 100)
    void widthsAreWithinTheirBoundsAndTheBits(@ForAll @IntRange(min = 1, max = 60) int count, @ForAll boolean alike, @ForAll long seed) {
        Random random = new Random(seed);
        List<Layer> layers = random(count, alike, random);
        double bits = least(layers) + random.nextDouble() * (most(layers) - least(layers));
        int[] widths = WidthProgram.solve(layers, bits);
        for (int i = 0; i < count; i++) {
            assertTrue(widths[i] >= layers.get(i).least() && widths[i] <= layers.get(i).most(), () -> Arrays.toString(widths));
        }
        assertTrue(bits(layers, widths) <= bits, () -> bits(layers, widths) + " bits of " + bits);
    }

    @Property(tries = 100)
    void moreBitsNeverLowerTheSumOfWidths(@ForAll @IntRange(min = 1, max = 40) int count, @ForAll boolean alike, @ForAll long seed) {
        Random random = new Random(seed);
        List<Layer> layers = random(count, alike, random);
        int before = 0;
        for (double share : random.doubles(12).sorted().toArray()) {
            int sum = Arrays.stream(WidthProgram.solve(layers, least(layers) + share * (most(layers) - least(layers)))).sum();
            int smaller = before;
            assertTrue(sum >= smaller, () -> sum + " after " + smaller);
            before = sum;
        }
    }

    /** With one bound on the size, the program is solved by giving bits to the layers that are worth most for each bit of the model. */
    @Property(tries = 100)
    void noOtherWidthsAreWorthMoreByABitOfOneLayer(@ForAll @IntRange(min = 1, max = 20) int count, @ForAll long seed) {
        Random random = new Random(seed);
        List<Layer> layers = random(count, false, random);
        double bits = least(layers) + random.nextDouble() * (most(layers) - least(layers));
        int[] greedy = layers.stream().mapToInt(Layer::least).toArray();
        double left = bits - least(layers);
        List<Integer> best = IntStream.range(0, count).boxed()
                .sorted(Comparator.comparingDouble((Integer i) -> -layers.get(i).importance() / layers.get(i).weights())).toList();
        for (int i : best) {
            long each = layers.get(i).weights();
            int more = (int) Math.min(layers.get(i).most() - layers.get(i).least(), Math.floor(left / each));
            greedy[i] += more;
            left -= (double) more * each;
            if (greedy[i] < layers.get(i).most()) {
                break;
            }
        }
        assertArrayEquals(greedy, WidthProgram.solve(layers, bits));
    }

    @Test
    void enoughForAllGivesAllTheMost() {
        List<Layer> layers = List.of(new Layer(1, 10, 2, 8), new Layer(0.5, 1_000_000, 3, 5));
        assertArrayEquals(new int[]{8, 5}, WidthProgram.solve(layers, 1e12));
        assertArrayEquals(new int[]{2, 3}, WidthProgram.solve(layers, 20 + 3_000_000));
    }

    @Test
    void tooFewBitsAreRefused() {
        assertEquals("The smallest widths take 20 bits, found 19",
                assertThrows(IllegalArgumentException.class, () -> WidthProgram.solve(List.of(new Layer(1, 10, 2, 8)), 19)).getMessage());
    }
}
