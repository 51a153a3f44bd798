package org.multipoint.transform;

import org.multipoint.points.CodeGrid;

import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The plans that {@link Multipoint#maxDrop} chooses from, from small models to large ones, a tenth of a stored bit apart. */
final class SearchAxis {

    /** Tenths of a stored bit from a bit to the next. */
    private static final int STEPS = 10;
    private static final int NARROWEST = 2;
    /** Codes of six bits hardly differ from fp32: wider ones would gain nothing. */
    private static final int WIDEST = 6;
    /** Tenths of a stored bit below which entropy-coded weights leave little of a network. */
    private static final int FEWEST = 12;

    private SearchAxis() {
    }

    /** Entropy-coded weights; the last plan has the finest codes, whatever they take. */
    static List<Pipeline.Plan> storedBits() {
        Stream<Budget> budgets = IntStream.range(FEWEST, STEPS * CodeGrid.MAX_BITS).mapToObj(i -> Budget.storedBits((double) i / STEPS));
        return Stream.concat(budgets, Stream.of(Budget.UNLIMITED)).map(budget -> new Pipeline.Plan(CodeGrid.MAX_BITS, budget)).toList();
    }

    /**
     * Codes of {@code b} bits with so many extra points that they cost {@code b} to {@code b + 1} bits, then codes of {@code b + 1} bits.
     *
     * @param bits the width, whose rows get up to two points each; empty where any width may be tried
     */
    static List<Pipeline.Plan> extraPoints(OptionalInt bits) {
        return bits.isPresent() ? IntStream.rangeClosed(0, STEPS * bits.getAsInt()).mapToObj(step -> extraPoints(bits.getAsInt(), step)).toList()
                : IntStream.rangeClosed(0, STEPS * (WIDEST - NARROWEST))
                        .mapToObj(i -> extraPoints(NARROWEST + i / STEPS, i % STEPS)).toList();
    }

    private static Pipeline.Plan extraPoints(int bits, int step) {
        double share = (double) step / STEPS / bits;
        return new Pipeline.Plan(bits, Budget.extraPoints(share, String.format(Locale.ROOT, "%.1f %% extra points", 100 * share)));
    }

    /**
     * One plan for each width.
     *
     * @param bits the width, empty where any may be tried
     */
    static List<Pipeline.Plan> widths(OptionalInt bits, Budget budget) {
        return IntStream.rangeClosed(bits.orElse(CodeGrid.MIN_BITS), bits.orElse(CodeGrid.MAX_BITS))
                .mapToObj(width -> new Pipeline.Plan(width, budget)).toList();
    }
}
