package org.multipoint.transform;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.multipoint.internal.quantizer.BudgetAllocation;
import org.multipoint.internal.quantizer.ErrorCurves;
import org.multipoint.internal.quantizer.PointFinder;
import org.multipoint.options.Method;
import org.multipoint.options.MultipointOptions;
import org.multipoint.points.ScaleLayout;

import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class MethodStrategyTest {

    private static final Set<Method> SEQUENTIAL = EnumSet.of(Method.CALIBRATED, Method.CODED, Method.MIXED_PRECISION, Method.OMPQ);
    private static final Budget BUDGET = Budget.extraPoints(0.5);

    private static MethodStrategy strategy(Method method) {
        return MethodStrategy.of(method, MultipointOptions.defaults(), BUDGET);
    }

    private static PointMethod points(Method method, MultipointOptions options, Budget budget) {
        return (PointMethod) MethodStrategy.of(method, options, budget);
    }

    private static PointMethod points(Method method) {
        return points(method, MultipointOptions.defaults(), BUDGET);
    }

    private static int most(PointMethod strategy, int bits, int largest) {
        return strategy.maxPoints(strategy.finders(bits, largest).get(0), largest);
    }

    @ParameterizedTest
    @EnumSource(Method.class)
    void whatIsFittedToInputsNeedsMomentsAndTheRestNeedsRanges(Method method) {
        MethodStrategy strategy = strategy(method);
        assertEquals(SEQUENTIAL.contains(method), strategy.isSequential());
        assertEquals(SEQUENTIAL.contains(method), strategy.pairsMoments());
        assertEquals(SEQUENTIAL.contains(method), strategy.correctsBias());
        assertEquals(!SEQUENTIAL.contains(method), strategy.needsRanges());
    }

    @ParameterizedTest
    @EnumSource(Method.class)
    void switchesOfTheSequentialMethodsAreTheirs(Method method) {
        MethodStrategy strategy = MethodStrategy.of(method,
                MultipointOptions.builder().quantizedInputs(false).biasCorrection(false).build(), BUDGET);
        assertTrue(!strategy.pairsMoments() && !strategy.correctsBias());
    }

    /** An int8 row holds 255 values: five digits of three values or two of 15. Within 63 it holds 127: four digits of three values. */
    @ParameterizedTest
    @CsvSource({"CALIBRATED, 2, 127, 5", "CALIBRATED, 4, 127, 2", "CALIBRATED, 7, 127, 2", "CALIBRATED, 8, 127, 1", "CALIBRATED, 2, 63, 4",
            "CALIBRATED, 4, 63, 2", "CALIBRATED, 6, 63, 2", "CALIBRATED, 7, 63, 1", "GREEDY, 4, 127, 4", "NEAREST, 4, 127, 1",
            "CHANNEL_SPLITTING, 4, 127, 1", "MIXED_PRECISION, 4, 127, 8"})
    void mostPointsOfARow(Method method, int bits, int largest, int most) {
        assertEquals(most, most(points(method), bits, largest));
    }

    @ParameterizedTest
    @EnumSource(value = Method.class, mode = EnumSource.Mode.EXCLUDE, names = {"CODED", "CHANNEL_SPLITTING", "OMPQ"})
    void aFixedNumberOfPointsIsTheMost(Method method) {
        PointMethod strategy = points(method, MultipointOptions.defaults(), Budget.pointsPerRow(3));
        PointFinder any = points(method).finders(4, 127).get(0);
        assertEquals(3, strategy.maxPoints(any, 127));
    }

    @Test
    void scalesOfTheirOwnDoNotFuseSoThatMorePointsAreAllowed() {
        PointMethod strategy = points(Method.CALIBRATED, MultipointOptions.builder().scales(ScaleLayout.PER_POINT).build(), BUDGET);
        assertEquals(PointMethod.FREE_POINTS, most(strategy, 8, 127));
    }

    @Test
    void pointsOfMixedPrecisionAreBits() {
        assertEquals(3, points(Method.MIXED_PRECISION).ordinaryPoints(3));
        assertEquals(1, points(Method.CALIBRATED).ordinaryPoints(3));
    }

    @Test
    void extraPointsOfMixedPrecisionAreStoredBits() {
        ErrorCurves curves = new ErrorCurves(1000, 1, ScaleLayout.PER_ROW,
                new double[][]{{8, 7, 6, 5, 4, 3, 2, 1}, {8, 7, 6, 5, 4, 3, 2, 1}}, 1);
        assertArrayEquals(BudgetAllocation.storedBits(4 * 1.5).allocate(List.of(curves)),
                points(Method.MIXED_PRECISION).allocation(new Pipeline.Plan(4, BUDGET)).allocate(List.of(curves)));
        Budget bits = Budget.storedBits(3);
        assertEquals(bits.allocation(), points(Method.MIXED_PRECISION).allocation(new Pipeline.Plan(4, bits)));
        assertEquals(BUDGET.allocation(), points(Method.CALIBRATED).allocation(new Pipeline.Plan(4, BUDGET)));
    }

    @Test
    void channelSplittingTakesNoBudgetButExtraPoints() {
        assertEquals("Channel splitting takes its budget as extra points, found 3.0 stored bits per weight",
                refusal(Method.CHANNEL_SPLITTING, Budget.storedBits(3)));
    }

    private static String refusal(Method method, Budget budget) {
        return assertThrows(IllegalArgumentException.class, () -> MethodStrategy.of(method, MultipointOptions.defaults(), budget)).getMessage();
    }

    @Test
    void codedTakesBitsWithinRangeOrBytesOrExtraPoints() {
        String expected = "Entropy-coded weights take their budget as stored bits, stored bytes or extra points, found ";
        assertEquals(expected + "error threshold 0.1", refusal(Method.CODED, Budget.errorThreshold(0.1)));
        assertEquals(expected + "2 points per row", refusal(Method.CODED, Budget.pointsPerRow(2)));
        assertEquals("Entropy-coded weights take 1 to 8 stored bits each, found a budget of 0.9 stored bits per weight",
                refusal(Method.CODED, Budget.storedBits(0.9)));
        assertTrue(refusal(Method.CODED, Budget.storedBits(8.1)).endsWith("8.1 stored bits per weight"));
        for (Budget budget : List.of(Budget.storedBits(1), Budget.storedBits(8), Budget.storedBytes(Long.MAX_VALUE))) {
            Pipeline.Plan plan = MethodStrategy.of(Method.CODED, MultipointOptions.defaults(), budget).plan(OptionalInt.of(3));
            assertEquals(new Pipeline.Plan(8, budget), plan);
        }
    }

    @Test
    void ompqTakesBitsOrBytesOrExtraPoints() {
        assertEquals("OMPQ's widths take their budget as stored bits, stored bytes or extra points, found 2 points per row",
                refusal(Method.OMPQ, Budget.pointsPerRow(2)));
        Pipeline.Plan plan = strategy(Method.OMPQ).plan(OptionalInt.of(3));
        assertEquals(8, plan.bits());
        assertEquals(4.5, plan.budget().perWeight().orElseThrow());
    }

    @Test
    void extraPointsOfCodedAreStoredBits() {
        Pipeline.Plan plan = strategy(Method.CODED).plan(OptionalInt.of(3));
        assertEquals(8, plan.bits());
        assertEquals(4.5, plan.budget().perWeight().orElseThrow());
        assertEquals("50 % extra points on 3 bits", plan.budget().description());
        assertEquals(6, strategy(Method.CODED).plan(OptionalInt.empty()).budget().perWeight().orElseThrow());
    }

    @ParameterizedTest
    @EnumSource(Method.class)
    void whatIsSearchedThroughGoesFromSmallToLarge(Method method) {
        double before = 0;
        for (Pipeline.Plan plan : strategy(method).axis(OptionalInt.empty())) {
            Budget budget = plan.budget();
            double bits = budget.isStored() ? budget.bitsOf(100) : plan.bits() * (100 + budget.extraShare().orElseThrow());
            assertTrue(bits > before, plan.toString());
            before = bits;
        }
    }

    @Test
    void theProvenanceNamesWhatTheMethodReads() {
        assertEquals(Set.of("grid", "scales", "quantizedInputs", "targetMatching", "shortcutMatching", "biasCorrection"), words(Method.CALIBRATED));
        assertEquals(Set.of("granularity"), words(Method.GREEDY));
        assertEquals(Set.of("granularity"), words(Method.NEAREST));
        assertEquals(Set.of("storage"), words(Method.CHANNEL_SPLITTING));
        assertEquals(Set.of("quantizedInputs", "targetMatching", "shortcutMatching", "biasCorrection", "storage"), words(Method.MIXED_PRECISION));
        assertEquals(Set.of("quantizedInputs", "targetMatching", "shortcutMatching", "biasCorrection", "ompqBeta", "ompqBits"), words(Method.OMPQ));
    }

    private static Set<String> words(Method method) {
        Map<String, String> settings = new TreeMap<>();
        strategy(method).describe(settings);
        return settings.keySet();
    }
}
