package org.multipoint.transform;

import org.multipoint.transform.MultipointResult.Attempt;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Finds the smallest model whose metric stays within a drop by bisection over one axis, the stored bits: codes of {@code b} bits
 * with so many extra points that they cost {@code b} to {@code b + 1} bits, then codes of {@code b + 1} bits.
 */
final class AccuracySearch<M> {

    private static final int NARROWEST = 2;
    /** Codes of six bits hardly differ from fp32: wider ones would gain nothing. */
    private static final int WIDEST = 6;
    /** Steps between a width and the next: a tenth of a stored bit. */
    private static final int STEPS = 10;

    private final double lowest;
    private final double original;
    private final ToDoubleFunction<M> metric;
    private final TransformListener listener;
    private final List<Place> places;
    private final List<Attempt> attempts = new ArrayList<>();

    /** A place on the axis of stored bits. */
    private record Place(int bits, int step) {
        double extraPoints() {
            return (double) step / STEPS / bits;
        }
    }

    /**
     * @param bits width of codes, empty where any may be tried
     */
    AccuracySearch(double maxDrop, ToDoubleFunction<M> metric, M source, OptionalInt bits, TransformListener listener) {
        this.metric = metric;
        this.listener = listener;
        this.original = metric.applyAsDouble(source);
        this.lowest = original - maxDrop;
        listener.onProgress(TransformListener.Phase.EVALUATION, 0, -1, String.format(Locale.ROOT, "fp32: %.4f", original));
        // A width that the user asked for is kept; its rows get up to two points each.
        this.places = bits.isPresent()
                ? IntStream.rangeClosed(0, STEPS * bits.getAsInt()).mapToObj(step -> new Place(bits.getAsInt(), step)).toList()
                : IntStream.rangeClosed(0, STEPS * (WIDEST - NARROWEST))
                        .mapToObj(i -> new Place(NARROWEST + i / STEPS, i % STEPS)).toList();
    }

    /** Widths of codes that may be tried. */
    List<Integer> widths() {
        return places.stream().map(Place::bits).distinct().toList();
    }

    /**
     * Bisects.
     *
     * @param quantize makes the model of a plan
     * @throws IllegalStateException where even the largest model is not within the drop
     */
    Pipeline.Quantized<M> smallest(Function<Pipeline.Plan, Pipeline.Quantized<M>> quantize) {
        Pipeline.Quantized<M> best = null;
        int fails = -1;
        int holds = places.size();
        while (holds - fails > 1) {
            // The largest model is only tried where all others fail.
            int middle = Math.min((fails + holds) / 2, places.size() - 1);
            Pipeline.Quantized<M> tried = attempt(places.get(middle), quantize);
            if (attempts.get(attempts.size() - 1).holds()) {
                holds = middle;
                best = tried;
            } else {
                fails = middle;
            }
        }
        if (best == null) {
            Attempt last = attempts.get(attempts.size() - 1);
            throw new IllegalStateException(String.format(Locale.ROOT, "No model holds the metric at %.4f or more: it is %.4f in fp32 and "
                    + "%.4f with %.3f stored bits per weight, the most that was tried", lowest, original, last.metric(),
                    last.storedBitsPerWeight()));
        }
        return best;
    }

    private Pipeline.Quantized<M> attempt(Place place, Function<Pipeline.Plan, Pipeline.Quantized<M>> quantize) {
        Pipeline.Quantized<M> tried = quantize.apply(new Pipeline.Plan(place.bits, Budget.extraPoints(place.extraPoints(),
                String.format(Locale.ROOT, "%.1f %% extra points, the smallest that holds %.4f", 100 * place.extraPoints(), lowest))));
        double value = metric.applyAsDouble(tried.model());
        attempts.add(new Attempt(place.bits, place.extraPoints(), tried.report().storedBitsPerWeight(), value, value >= lowest));
        listener.onProgress(TransformListener.Phase.EVALUATION, attempts.size(), -1, String.format(Locale.ROOT,
                "%d bits and %.1f %% extra points: %.4f, %s", place.bits, 100 * place.extraPoints(), value,
                value >= lowest ? "holds" : "falls too far"));
        return tried;
    }

    /** All attempts so far, in order. */
    List<Attempt> attempts() {
        return List.copyOf(attempts);
    }
}
