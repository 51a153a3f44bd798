package org.multipoint.spark;

import org.multipoint.internal.calibration.Mergeable;
import org.nd4j.evaluation.classification.Evaluation;

import java.util.SortedMap;
import java.util.TreeMap;

/** What was found of some images: Deeplearning4j's counts, and the files that could not be read. */
final class ClassifiedImages implements Mergeable<ClassifiedImages> {

    private static final long serialVersionUID = 1;

    private final Evaluation evaluation;
    private final TreeMap<String, String> skipped = new TreeMap<>();

    /** @param evaluation to which images are added */
    ClassifiedImages(Evaluation evaluation) {
        this.evaluation = evaluation;
    }

    Evaluation evaluation() {
        return evaluation;
    }

    /** Files that were left out, with the reason. */
    SortedMap<String, String> skipped() {
        return skipped;
    }

    @Override
    public void merge(ClassifiedImages other) {
        evaluation.merge(other.evaluation);
        skipped.putAll(other.skipped);
    }
}
