package org.multipoint.transform;

import org.multipoint.linear.Tensor;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.walk.CalibrationData;
import org.multipoint.walk.GraphWalk;
import org.multipoint.walk.LinearVertex;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How much the network's outputs change when one operation alone is quantized. Errors of different layers are compared by it:
 * the same relative error matters little in a layer whose output is added to a strong shortcut, and much in one that all else
 * passes through.
 */
final class Sensitivity {

    /** Examples that pass at once: all activations of these are held. */
    private static final int CHUNK = 8;

    private final GraphWalk walk;
    private final CalibrationData data;
    private final int examples;

    /**
     * @param examples how many are looked at, the first ones that the data give
     */
    Sensitivity(GraphWalk walk, CalibrationData data, int examples) {
        this.walk = walk;
        this.data = data;
        this.examples = examples;
    }

    /**
     * @param quantized weights of each operation that take the place of its own
     * @return change of the network's outputs for each operation, in a unit common to all
     */
    Map<String, Double> measure(List<LinearVertex> vertices, Map<String, MultipointMatrix> quantized) {
        Map<String, Double> change = new LinkedHashMap<>();
        data.reset();
        for (int seen = 0; seen < examples && data.hasNext(); ) {
            Tensor[] batch = data.next();
            for (int from = 0; from < batch[0].examples() && seen < examples; from += CHUNK) {
                int to = Math.min(batch[0].examples(), Math.min(from + CHUNK, from + examples - seen));
                addChunk(slice(batch, from, to), vertices, quantized, change);
                seen += to - from;
            }
        }
        return change;
    }

    private static Tensor[] slice(Tensor[] batch, int from, int to) {
        Tensor[] part = new Tensor[batch.length];
        for (int i = 0; i < part.length; i++) {
            part[i] = batch[i].slice(from, to);
        }
        return part;
    }

    private void addChunk(Tensor[] batch, List<LinearVertex> vertices, Map<String, MultipointMatrix> quantized,
                          Map<String, Double> change) {
        try (GraphWalk.Replay replay = walk.replay(batch)) {
            List<Tensor> reference = replay.outputs();
            for (LinearVertex vertex : vertices) {
                for (int stage = 0; stage < vertex.stages().size(); stage++) {
                    String name = vertex.stages().get(stage).name();
                    List<Tensor> outputs = replay.outputsWith(vertex, stage, quantized.get(name).toFloats());
                    for (int o = 0; o < outputs.size(); o++) {
                        change.merge(name, walk.isProbability(o) ? divergence(reference.get(o), outputs.get(o))
                                : relativeError(reference.get(o), outputs.get(o)), Double::sum);
                    }
                }
            }
        }
    }

    /** Squared Hellinger distance, to second order a quarter of the Kullback-Leibler divergence, but never infinite. */
    private static double divergence(Tensor reference, Tensor changed) {
        double sum = 0;
        for (int i = 0; i < reference.data().length; i++) {
            double d = Math.sqrt(reference.data()[i]) - Math.sqrt(changed.data()[i]);
            sum += d * d / 2;
        }
        return sum;
    }

    private static double relativeError(Tensor reference, Tensor changed) {
        double mean = 0;
        double squares = 0;
        double difference = 0;
        int n = reference.data().length;
        for (int i = 0; i < n; i++) {
            double r = reference.data()[i];
            mean += r / n;
            squares += r * r / n;
            difference += (r - changed.data()[i]) * (r - changed.data()[i]) / n;
        }
        double variance = squares - mean * mean;
        return variance > 0 ? reference.examples() * difference / variance : 0;
    }
}
