package org.multipoint.transform;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.multipoint.report.MultipointReport;
import org.multipoint.segments.Additions;
import org.multipoint.segments.CompiledGraph;
import org.multipoint.segments.Segments;

import java.util.List;

/**
 * A transformed model and its report.
 *
 * @param model               a new model of the same kind as the source
 * @param report              layer by layer, what was stored and what stays in fp32
 * @param attempts            what {@link Multipoint#maxDrop} tried, in order; empty where it was not asked for
 * @param calibrationSeconds  wall-clock time of the calibration passes
 * @param quantizationSeconds wall-clock time of finding points and building the model, with all attempts
 */
public record MultipointResult<M>(M model, MultipointReport report, List<Attempt> attempts, double calibrationSeconds,
                                  double quantizationSeconds) {

    /**
     * The model compiled for inference, which runs several times faster than its layers one by one ({@link Segments}). A graph, whatever the kind
     * of the model, which stays as it is.
     */
    public CompiledGraph compile() {
        return compile(Additions.FLOATING);
    }

    /**
     * The model compiled for inference.
     *
     * @param additions how its segments add; networks of layers have no additions
     */
    public CompiledGraph compile(Additions additions) {
        return model instanceof MultiLayerNetwork network ? Segments.compile(network) : Segments.compile((ComputationGraph) model, additions);
    }

    /**
     * One attempt of {@link Multipoint#maxDrop}.
     *
     * @param bits                width of its codes; 8 where they are entropy-coded
     * @param budget              its budget, in words: {@code 2.3 stored bits per weight}
     * @param storedBitsPerWeight bits that its file holds for each quantized weight
     * @param metric              value of the metric
     * @param holds               whether that is within the drop
     */
    public record Attempt(int bits, String budget, double storedBitsPerWeight, double metric, boolean holds) {
    }
}
