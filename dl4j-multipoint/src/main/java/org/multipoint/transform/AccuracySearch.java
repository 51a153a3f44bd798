package org.multipoint.transform;

import org.multipoint.report.Measurement;
import org.multipoint.transform.MultipointResult.Attempt;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/** Finds the smallest model whose metric stays within a drop, by bisection over plans that go from small models to large ones. */
final class AccuracySearch<M> {

    private final double lowest;
    private final double original;
    private final ToDoubleFunction<M> metric;
    private final TransformListener listener;
    private final List<Attempt> attempts = new ArrayList<>();

    AccuracySearch(double maxDrop, ToDoubleFunction<M> metric, M source, TransformListener listener) {
        this.metric = metric;
        this.listener = listener;
        this.original = metric.applyAsDouble(source);
        this.lowest = original - maxDrop;
        listener.onProgress(TransformListener.Phase.EVALUATION, 0, -1, String.format(Locale.ROOT, "fp32: %.4f", original));
    }

    /**
     * Bisects.
     *
     * @param plans    from small models to large ones
     * @param quantize makes the model of a plan
     * @throws IllegalStateException where there is no plan, or even the largest model is not within the drop
     */
    Pipeline.Quantized<M> smallest(List<Pipeline.Plan> plans, Function<Pipeline.Plan, Pipeline.Quantized<M>> quantize) {
        if (plans.isEmpty()) {
            throw new IllegalStateException("The layers take more than the most stored bits that a search tries: give bits or a method");
        }
        Pipeline.Quantized<M> best = null;
        int fails = -1;
        int holds = plans.size();
        while (holds - fails > 1) {
            // The largest model is only tried where all others fail.
            int middle = Math.min((fails + holds) / 2, plans.size() - 1);
            Pipeline.Quantized<M> tried = attempt(plans.get(middle), quantize);
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

    private Pipeline.Quantized<M> attempt(Pipeline.Plan plan, Function<Pipeline.Plan, Pipeline.Quantized<M>> quantize) {
        Pipeline.Quantized<M> tried = quantize.apply(new Pipeline.Plan(plan.bits(),
                plan.budget().noting(String.format(Locale.ROOT, "the smallest that holds %.4f", lowest))));
        double value = metric.applyAsDouble(tried.model());
        Attempt attempt = new Attempt(plan.bits(), plan.budget().description(), tried.report().storedBitsPerWeight(), value, value >= lowest);
        attempts.add(attempt);
        listener.onProgress(TransformListener.Phase.EVALUATION, attempts.size(), -1, String.format(Locale.ROOT, "codes of %d bits, %s: %.4f, %s",
                attempt.bits(), attempt.budget(), value, attempt.holds() ? "holds" : "falls too far"));
        return new Pipeline.Quantized<>(tried.model(), tried.report().with(new Measurement("the metric that was to be held", "", original, value)));
    }

    /** All attempts so far, in order. */
    List<Attempt> attempts() {
        return List.copyOf(attempts);
    }
}
