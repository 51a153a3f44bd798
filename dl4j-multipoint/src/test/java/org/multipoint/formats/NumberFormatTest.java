package org.multipoint.formats;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.multipoint.formats.NumberFormat.Overflow;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.math.BigDecimal;
import java.util.Arrays;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class NumberFormatTest {

    static Stream<NumberFormat> formats() {
        return Stream.of(NumberFormat.FP16, NumberFormat.BF16, NumberFormat.E5M2, NumberFormat.E4M3, NumberFormat.ieee(2, 1),
                NumberFormat.ieee(3, 4), NumberFormat.FP16.saturating(), NumberFormat.E5M2.saturating());
    }

    /**
     * What a code means, after the definition of binary formats: {@code (-1)^s 2^(e - bias) 1.f}, or {@code (-1)^s 2^(1 - bias) 0.f} where
     * {@code e} is zero. The codes that stand for infinity and NaN are those beyond the largest value.
     */
    private static double meaning(NumberFormat format, int code) {
        int m = format.mantissaBits();
        int fraction = code % (1 << m);
        int exponent = code / (1 << m) % (1 << format.exponentBits());
        boolean negative = code >= 1 << m + format.exponentBits();
        double bias = Math.pow(2, format.exponentBits() - 1) - 1;
        double magnitude = exponent == 0 ? Math.pow(2, 1 - bias) * fraction / (1 << m) : Math.pow(2, exponent - bias) * (1 + (double) fraction / (1 << m));
        return negative ? -magnitude : magnitude;
    }

    /** Positive values in ascending order, and the one that would follow the largest. */
    private static double[] table(NumberFormat format) {
        double[] values = IntStream.range(0, 1 << format.exponentBits() + format.mantissaBits()).mapToDouble(code -> meaning(format, code)).toArray();
        int count = (int) Arrays.stream(values).filter(v -> v <= format.maximum()).count();
        double next = count < values.length ? values[count] : 2 * values[count - 1] - values[count - 2];
        double[] table = Arrays.copyOf(values, count + 1);
        table[count] = next;
        return table;
    }

    @Test
    void formatsHaveTheRangesOfTheirDefinitions() {
        assertEquals(65_504, NumberFormat.FP16.maximum());
        assertEquals(0x1p-24f, NumberFormat.FP16.smallest());
        assertEquals(0x1p-14f, NumberFormat.FP16.smallestNormal());
        assertEquals(57_344, NumberFormat.E5M2.maximum());
        assertEquals(0x1p-16f, NumberFormat.E5M2.smallest());
        assertEquals(448, NumberFormat.E4M3.maximum());
        assertEquals(0x1p-9f, NumberFormat.E4M3.smallest());
        assertEquals(0x1.fep127f, NumberFormat.BF16.maximum());
        assertEquals(0x1p-133f, NumberFormat.BF16.smallest());
        assertEquals(Float.MAX_VALUE, NumberFormat.FP32.maximum());
        assertEquals(Float.MIN_VALUE, NumberFormat.FP32.smallest());
        assertArrayEquals(new int[]{32, 16, 16, 8, 8}, Stream.of(NumberFormat.FP32, NumberFormat.FP16, NumberFormat.BF16, NumberFormat.E5M2,
                NumberFormat.E4M3).mapToInt(NumberFormat::bits).toArray());
    }

    @ParameterizedTest
    @MethodSource("formats")
    void everyCodeStaysAndWhatLiesBetweenTwoIsRoundedToTheNearer(NumberFormat format) {
        double[] table = table(format);
        for (int i = 0; i + 1 < table.length; i++) {
            float value = (float) table[i];
            assertEquals(table[i], value, "single precision holds it");
            for (int sign : new int[]{1, -1}) {
                assertEquals(sign * value, format.nearest(sign * value));
                assertEquals(sign * value, format.stochastic(sign * value, -1));
                assertEquals(sign * value, format.stochastic(sign * value, 0));
            }
            float middle = (float) (table[i] + (table[i + 1] - table[i]) / 2);
            float above = i + 2 < table.length ? (float) table[i + 1]
                    : format.overflow() == Overflow.SATURATE ? format.maximum() : Float.POSITIVE_INFINITY;
            float even = i % 2 == 0 ? value : above;
            assertEquals(even, format.nearest(middle), "half-way from " + value);
            assertEquals(-even, format.nearest(-middle), "half-way from " + -value);
            assertEquals(value, format.nearest(Math.nextDown(middle)));
            assertEquals(above, format.nearest(Math.nextUp(middle)));
        }
    }

    @ParameterizedTest
    @MethodSource("formats")
    void zerosInfinitiesAndNanAreKept(NumberFormat format) {
        float infinity = format.overflow() == Overflow.SATURATE ? format.maximum() : Float.POSITIVE_INFINITY;
        for (float rounded : new float[]{format.nearest(Float.NaN), format.stochastic(Float.NaN, -1)}) {
            assertTrue(Float.isNaN(rounded));
        }
        for (int random : new int[]{0, -1, 0x12345678}) {
            assertEquals(0, Float.floatToRawIntBits(format.stochastic(0f, random)));
            assertEquals(1 << 31, Float.floatToRawIntBits(format.stochastic(-0f, random)));
            assertEquals(infinity, format.stochastic(Float.POSITIVE_INFINITY, random));
        }
        assertEquals(0, Float.floatToRawIntBits(format.nearest(0f)));
        assertEquals(1 << 31, Float.floatToRawIntBits(format.nearest(-0f)));
        assertEquals(1 << 31, Float.floatToRawIntBits(format.nearest(-Float.MIN_VALUE)));
        assertEquals(infinity, format.nearest(Float.POSITIVE_INFINITY));
        assertEquals(-infinity, format.nearest(Float.NEGATIVE_INFINITY));
        assertEquals(infinity, format.nearest(Float.MAX_VALUE));
    }

    @Property(tries = 10_000)
    void singlePrecisionRoundsNothing(@ForAll int bits, @ForAll int random) {
        float value = Float.intBitsToFloat(bits);
        assertEquals(Float.floatToIntBits(value), Float.floatToIntBits(NumberFormat.FP32.nearest(value)));
        assertEquals(Float.floatToIntBits(value), Float.floatToIntBits(NumberFormat.FP32.stochastic(value, random)));
    }

    @Provide
    Arbitrary<NumberFormat> anyFormat() {
        return Combinators.combine(Arbitraries.integers().between(2, 8), Arbitraries.integers().between(1, 23), Arbitraries.of(true, false))
                .as((e, m, saturating) -> saturating ? NumberFormat.ieee(e, m).saturating() : NumberFormat.ieee(e, m));
    }

    /** Compared with decimal numbers of any length, for formats too large for a table. */
    @Property(tries = 20_000)
    void theNearestIsAsNearAsTheDefinitionSays(@ForAll("anyFormat") NumberFormat format, @ForAll int bits, @ForAll int scale) {
        float value = Math.scalb(Float.intBitsToFloat(bits), scale % 40);
        if (!Float.isFinite(value) || Math.abs(value) > format.maximum()) {
            return;
        }
        float rounded = format.nearest(value);
        int place = Math.max(Math.getExponent(value), Math.getExponent(format.smallestNormal())) - format.mantissaBits();
        BigDecimal half = BigDecimal.valueOf(2).pow(200).multiply(new BigDecimal(Math.pow(2, place - 1)));
        BigDecimal difference = new BigDecimal(rounded).subtract(new BigDecimal(value)).abs().multiply(BigDecimal.valueOf(2).pow(200));
        assertTrue(difference.compareTo(half) <= 0, () -> value + " to " + rounded);
        double places = rounded / Math.pow(2, place);
        assertEquals(Math.rint(places), places, "it is a number of the format");
        if (difference.compareTo(half) == 0) {
            assertEquals(0, Math.abs(places) % 2, "halves go to the even one");
        }
        assertEquals(rounded, format.nearest(rounded));
    }

    @Property
    void roundingIsMonotone(@ForAll("anyFormat") NumberFormat format, @ForAll float a, @ForAll float b) {
        assertTrue(format.nearest(Math.min(a, b)) <= format.nearest(Math.max(a, b)));
    }

    /** All random bits that count are tried, so the share of those that round up is exactly the position between the neighbours. */
    @ParameterizedTest
    @CsvSource({"1.3, 1.25, 1.5", "-2.9, -3, -2.5", "1e-5, 0, 1.52587890625e-5", "5e-5, 4.57763671875e-5, 6.103515625e-5", "57000, 49152, 57344"})
    void theMeanOfStochasticRoundingIsTheValue(float value, float lower, float upper) {
        int steps = 1 << 21;
        double sum = 0;
        TreeSet<Float> seen = new TreeSet<>();
        for (int i = 0; i < steps; i++) {
            // Normal numbers look at the last bits, subnormal ones at the first.
            int random = Math.abs(value) < NumberFormat.E5M2.smallestNormal() ? i << 11 : i;
            float rounded = NumberFormat.E5M2.stochastic(value, random);
            seen.add(rounded);
            sum += rounded;
        }
        assertEquals(new TreeSet<>(Arrays.asList(lower, upper)), seen);
        assertEquals(value, sum / steps, (upper - lower) / steps);
    }

    @Property
    void stochasticRoundingTakesOneOfTheNeighbours(@ForAll("anyFormat") NumberFormat format, @ForAll float value, @ForAll int random) {
        float rounded = format.stochastic(value, random);
        float nearest = format.nearest(value);
        if (Math.abs(value) > format.maximum()) {
            assertTrue(Math.abs(rounded) == format.maximum() || Float.isInfinite(rounded));
        } else if (rounded != nearest) {
            float low = Math.min(rounded, nearest);
            float high = Math.max(rounded, nearest);
            assertTrue(low <= value && value <= high);
            if (Float.isFinite(high) && Float.isFinite(low)) {
                float between = low + (high - low) / 2;
                assertTrue(format.nearest(between) == low || format.nearest(between) == high, "there is none between them");
            }
        }
    }

    @Test
    void whatOverflowsByChanceDoesSoInProportion() {
        SplittableRandom random = new SplittableRandom(1);
        // A quarter of the way from 57,344 to 65,536.
        long infinite = IntStream.range(0, 100_000).filter(i -> Float.isInfinite(NumberFormat.E5M2.stochastic(59_392, random.nextInt()))).count();
        assertEquals(25_000, infinite, 500);
        assertEquals(57_344, NumberFormat.E5M2.saturating().stochastic(65_000, -1));
    }

    /** ND4J's own half precision, another implementation. */
    @Test
    void halfPrecisionIsThatOfNd4j() {
        Random random = new Random(1);
        float[] values = new float[100_000];
        for (int i = 0; i < values.length; i++) {
            values[i] = Math.scalb(random.nextFloat() * 2 - 1, random.nextInt(50) - 30);
        }
        try (INDArray singles = Nd4j.createFromArray(values);
             INDArray halves = singles.castTo(DataType.HALF);
             INDArray back = halves.castTo(DataType.FLOAT)) {
            float[] expected = back.toFloatVector();
            for (int i = 0; i < values.length; i++) {
                assertEquals(expected[i], NumberFormat.FP16.nearest(values[i]));
            }
        }
    }

    @Test
    void formatsAreStoredInJson() throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        for (NumberFormat format : formats().toList()) {
            assertEquals(format, mapper.readValue(mapper.writeValueAsString(format), NumberFormat.class));
        }
    }

    @Test
    void namesAreShort() {
        assertEquals("fp16", NumberFormat.FP16.toString());
        assertEquals("fp8 e5m2", NumberFormat.E5M2.toString());
        assertEquals("e3m4 up to 15.5", NumberFormat.ieee(3, 4).toString());
        assertEquals("e5m10 up to 65504.0, saturating", NumberFormat.FP16.saturating().toString());
    }

    @Test
    void impossibleFormatsAreRefused() {
        for (int[] bits : new int[][]{{1, 2}, {9, 2}, {4, 0}, {4, 24}}) {
            assertThrows(IllegalArgumentException.class, () -> NumberFormat.ieee(bits[0], bits[1]));
        }
        for (float maximum : new float[]{449, 512, 0, -1, Float.NaN, Float.POSITIVE_INFINITY}) {
            assertTrue(assertThrows(IllegalArgumentException.class, () -> new NumberFormat(4, 3, maximum, Overflow.INFINITY))
                    .getMessage().contains(String.valueOf(maximum)));
        }
    }
}
