package org.multipoint.options;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.multipoint.options.MultipointOptions.Clipping;
import org.multipoint.options.MultipointOptions.Equalization;
import org.multipoint.options.MultipointOptions.Granularity;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.ScaleLayout;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.UnaryOperator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class MultipointOptionsTest {

    /** Each option set to something that is not its default. */
    private static final List<UnaryOperator<MultipointOptions.Builder>> CHANGES = List.of(
            b -> b.maxPoints(3), b -> b.granularity(Granularity.LAYER), b -> b.grid(CodeGrid.ODD), b -> b.scales(ScaleLayout.PER_POINT),
            b -> b.clipping(Clipping.MIN_MAX), b -> b.inputBits(6), b -> b.foldBatchNormalization(false), b -> b.equalization(Equalization.ALWAYS),
            b -> b.quantizedInputs(false), b -> b.targetMatching(false), b -> b.shortcutMatching(false), b -> b.ridge(0.5),
            b -> b.biasCorrection(false), b -> b.positionsPerImage(7), b -> b.reduceRange(false),
            b -> b.ompqBeta(0), b -> b.ompqBits(3, 8), b -> b.ompqBits(2, 4));

    @Test
    void defaultsAreTheDocumentedOnes() {
        MultipointOptions options = MultipointOptions.defaults();
        assertEquals(OptionalInt.empty(), options.maxPoints());
        assertEquals(Granularity.CHANNEL, options.granularity());
        assertEquals(Optional.empty(), options.grid());
        assertEquals(ScaleLayout.PER_ROW, options.scales());
        assertEquals(Clipping.LEAST_SQUARES, options.clipping());
        assertEquals(Equalization.AUTO, options.equalization());
        assertEquals(8, options.inputBits());
        assertTrue(options.foldBatchNormalization() && options.quantizedInputs() && options.targetMatching()
                && options.shortcutMatching() && options.biasCorrection() && options.reduceRange());
        assertEquals(0.1, options.ridge());
        assertEquals(512, options.positionsPerImage());
        assertEquals(1, options.ompqBeta());
        assertEquals(2, options.ompqLeastBits());
        assertEquals(8, options.ompqMostBits());
    }

    @Test
    void equalWhereAllOptionsAre() {
        for (UnaryOperator<MultipointOptions.Builder> change : CHANGES) {
            MultipointOptions changed = change.apply(MultipointOptions.builder()).build();
            assertEquals(changed, change.apply(MultipointOptions.builder()).build());
            assertEquals(changed.hashCode(), change.apply(MultipointOptions.builder()).build().hashCode());
        }
    }

    @Test
    void differentWhereOneOptionIs() {
        Set<MultipointOptions> all = new HashSet<>(Set.of(MultipointOptions.defaults()));
        Set<String> texts = new HashSet<>(Set.of(MultipointOptions.defaults().toString()));
        for (UnaryOperator<MultipointOptions.Builder> change : CHANGES) {
            MultipointOptions changed = change.apply(MultipointOptions.builder()).build();
            assertTrue(all.add(changed), changed.toString());
            assertTrue(texts.add(changed.toString()), changed.toString());
        }
    }

    @Test
    void toBuilderKeepsEachOption() {
        for (UnaryOperator<MultipointOptions.Builder> change : CHANGES) {
            MultipointOptions changed = change.apply(MultipointOptions.builder()).build();
            assertEquals(changed, changed.toBuilder().build());
        }
    }

    @Test
    void aBuilderThatIsUsedFurtherDoesNotReachWhatItHasBuilt() {
        MultipointOptions.Builder builder = MultipointOptions.builder();
        MultipointOptions first = builder.build();
        assertNotEquals(first, builder.ridge(0.5).build());
        assertEquals(MultipointOptions.defaults(), first);
    }

    private static void refused(String expected, Executable attempt) {
        String message = assertThrows(IllegalArgumentException.class, attempt).getMessage();
        assertTrue(message.contains(expected), message);
    }

    @Test
    void valuesOutOfRangeAreRefused() {
        MultipointOptions.Builder builder = MultipointOptions.builder();
        for (int points : new int[]{-1, 0, 17}) {
            refused("Points per row must be 1 to 16, found " + points, () -> builder.maxPoints(points));
        }
        for (double ridge : new double[]{-1, 0, Double.NaN, Double.POSITIVE_INFINITY}) {
            refused("The ridge must be positive and finite, found " + ridge, () -> builder.ridge(ridge));
        }
        for (int bits : new int[]{-1, 0, 1, 9}) {
            refused("The width of network inputs must be 2 to 8, found " + bits, () -> builder.inputBits(bits));
        }
        refused("Positions per image must be positive, found 0", () -> builder.positionsPerImage(0));
        for (double beta : new double[]{-0.1, Double.NaN, Double.POSITIVE_INFINITY}) {
            refused("OMPQ's beta must be finite and not negative, found " + beta, () -> builder.ompqBeta(beta));
        }
        for (int[] bits : new int[][]{{1, 4}, {4, 3}, {4, 9}}) {
            refused("OMPQ's widths must be within 2 to 8, the least first, found " + bits[0] + " to " + bits[1],
                    () -> builder.ompqBits(bits[0], bits[1]));
        }
        refused("found PER_LAYER", () -> builder.scales(ScaleLayout.PER_LAYER));
        assertEquals(MultipointOptions.defaults(), builder.build());
    }

    @Test
    void nullsAreNamed() {
        MultipointOptions.Builder builder = MultipointOptions.builder();
        assertEquals("granularity", assertThrows(NullPointerException.class, () -> builder.granularity(null)).getMessage());
        assertEquals("grid", assertThrows(NullPointerException.class, () -> builder.grid(null)).getMessage());
        assertEquals("scales", assertThrows(NullPointerException.class, () -> builder.scales(null)).getMessage());
        assertEquals("clipping", assertThrows(NullPointerException.class, () -> builder.clipping(null)).getMessage());
    }
}
