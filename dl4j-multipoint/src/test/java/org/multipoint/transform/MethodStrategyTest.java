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
import java.util.Set;
import java.util.TreeMap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class MethodStrategyTest {

    private static final Set<Method> SEQUENTIAL = EnumSet.of(Method.CALIBRATED, Method.CODED, Method.MIXED_PRECISION);
    private static final Budget BUDGET = Budget.extraPoints(0.5);

    private static MethodStrategy strategy(Method method) {
        return MethodStrategy.of(method, MultipointOptions.defaults(), BUDGET);
    }

    private static int most(MethodStrategy strategy, int bits) {
        return strategy.maxPoints(strategy.finders(bits).get(0));
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

    /** An int8 row holds 255 values: five digits of three values or two of 15. */
    @ParameterizedTest
    @CsvSource({"CALIBRATED, 2, 5", "CALIBRATED, 4, 2", "CALIBRATED, 8, 1", "GREEDY, 4, 4", "NEAREST, 4, 1", "CHANNEL_SPLITTING, 4, 1",
            "MIXED_PRECISION, 4, 8"})
    void mostPointsOfARow(Method method, int bits, int most) {
        assertEquals(most, most(strategy(method), bits));
    }

    @ParameterizedTest
    @EnumSource(value = Method.class, mode = EnumSource.Mode.EXCLUDE, names = "CODED")
    void aFixedNumberOfPointsIsTheMost(Method method) {
        MethodStrategy strategy = MethodStrategy.of(method, MultipointOptions.defaults(), Budget.pointsPerRow(3));
        PointFinder any = strategy(method).finders(4).get(0);
        assertEquals(3, strategy.maxPoints(any));
    }

    @Test
    void scalesOfTheirOwnDoNotFuseSoThatMorePointsAreAllowed() {
        MethodStrategy strategy = MethodStrategy.of(Method.CALIBRATED,
                MultipointOptions.builder().scales(ScaleLayout.PER_POINT).build(), BUDGET);
        assertEquals(MethodStrategy.FREE_POINTS, most(strategy, 8));
    }

    @Test
    void pointsOfMixedPrecisionAreBits() {
        assertEquals(3, strategy(Method.MIXED_PRECISION).ordinaryPoints(3));
        assertEquals(1, strategy(Method.CALIBRATED).ordinaryPoints(3));
    }

    @Test
    void extraPointsOfMixedPrecisionAreStoredBits() {
        ErrorCurves curves = new ErrorCurves(1000, 1, ScaleLayout.PER_ROW,
                new double[][]{{8, 7, 6, 5, 4, 3, 2, 1}, {8, 7, 6, 5, 4, 3, 2, 1}}, 1);
        assertArrayEquals(BudgetAllocation.storedBits(4 * 1.5).allocate(List.of(curves)),
                strategy(Method.MIXED_PRECISION).allocation(BUDGET, 4).allocate(List.of(curves)));
        Budget bits = Budget.storedBits(3);
        assertEquals(bits.allocation(), strategy(Method.MIXED_PRECISION).allocation(bits, 4));
        assertEquals(BUDGET.allocation(), strategy(Method.CALIBRATED).allocation(BUDGET, 4));
    }

    @Test
    void channelSplittingTakesNoBudgetButExtraPoints() {
        MethodStrategy strategy = MethodStrategy.of(Method.CHANNEL_SPLITTING, MultipointOptions.defaults(), Budget.storedBits(3));
        assertEquals("Channel splitting takes its budget as extra points, found 3.0 stored bits per weight",
                assertThrows(IllegalArgumentException.class, () -> strategy.finders(4)).getMessage());
    }

    @Test
    void theProvenanceNamesWhatTheMethodReads() {
        assertEquals(Set.of("grid", "scales", "quantizedInputs", "targetMatching", "shortcutMatching", "biasCorrection"), words(Method.CALIBRATED));
        assertEquals(Set.of("granularity"), words(Method.GREEDY));
        assertEquals(Set.of("granularity"), words(Method.NEAREST));
        assertEquals(Set.of("storage"), words(Method.CHANNEL_SPLITTING));
        assertEquals(Set.of("quantizedInputs", "targetMatching", "shortcutMatching", "biasCorrection", "storage"), words(Method.MIXED_PRECISION));
    }

    private static Set<String> words(Method method) {
        Map<String, String> settings = new TreeMap<>();
        strategy(method).describe(settings);
        return settings.keySet();
    }
}
