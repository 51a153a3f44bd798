package org.multipoint.samples;

import org.deeplearning4j.nn.api.Model;
import org.multipoint.internal.text.TextTable;
import org.multipoint.transform.Multipoint;
import org.multipoint.transform.MultipointResult;
import org.multipoint.transform.MultipointResult.Attempt;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** Quantizes a network: shows progress, what a search has tried, and the report. */
final class QuantizationRun {

    private final Notebook notebook;
    private final QuantizationOptions how;
    private final DataSetIterator calibration;
    private final int batches;
    private final Search search;

    /**
     * A search for the smallest model.
     *
     * @param metric   of a model, as a share of 1
     * @param figure   its name
     * @param examples on which it is measured
     */
    record Search(ToDoubleFunction<Model> metric, String figure, long examples) {
    }

    /**
     * @param batches of calibration data
     * @param search  null for none
     */
    QuantizationRun(Notebook notebook, QuantizationOptions how, DataSetIterator calibration, int batches, Search search) {
        this.notebook = notebook;
        this.how = how;
        this.calibration = calibration;
        this.batches = batches;
        this.search = search;
    }

    /**
     * Quantizes.
     *
     * @param multipoint to be given its settings
     * @param task       before the names of phases in the progress
     */
    <M extends Model> MultipointResult<M> of(Multipoint<M> multipoint, String task) {
        how.apply(multipoint.calibrate(calibration));
        if (search != null) {
            multipoint.maxDrop(how.maxDrop().orElseThrow(), search.metric::applyAsDouble);
        }
        MultipointResult<M> result;
        try (Progress.OfTransform progress = new Progress.OfTransform(task, batches)) {
            result = multipoint.listener(progress).transform();
        }
        if (search != null) {
            notebook.say("Tried on %,d examples that are neither calibrated nor evaluated on:%n%s", search.examples,
                    attempts(result.attempts()));
        }
        notebook.say("%s", result.report().toText(Terminal.textColumns()));
        return result;
    }

    private String attempts(List<Attempt> attempts) {
        return new TextTable<Attempt>()
                .number("bits", a -> String.valueOf(a.bits()))
                .text("budget", Attempt::budget)
                .number("stored bits/weight", a -> format("%.3f", a.storedBitsPerWeight()))
                .number(search.figure + " %", a -> format("%.2f", 100 * a.metric()))
                .text("", a -> a.holds() ? "holds" : "falls too far").toString(attempts, Terminal.textColumns());
    }

    private static String format(String text, Object value) {
        return String.format(Locale.ROOT, text, value);
    }
}
