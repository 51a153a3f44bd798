package org.multipoint.training.bsq;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.multipoint.internal.calibration.CalibrationData;
import org.multipoint.internal.calibration.RangeStatistics;
import org.multipoint.internal.engine.Engines;
import org.multipoint.internal.graph.BatchNormFolding;
import org.multipoint.internal.graph.GraphEdit;
import org.multipoint.internal.graph.LinearVertex;
import org.multipoint.internal.graph.ReferenceNetwork;
import org.multipoint.internal.graph.WeightVertex;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.layers.MultipointWeights;
import org.multipoint.options.MultipointOptions;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.points.ScaleLayout;
import org.multipoint.report.Provenance;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Makes a network of stored codes of one whose weights are multiples of a step. Folding scales rows, so that each has a step of its own and
 * keeps its integers.
 */
final class StoredCodes {

    private static final int INPUT_BITS = 8;

    private final ComputationGraph graph;
    private final List<Bsq.Weights> weights;
    private final String budget;

    /**
     * @param graph  whose parameters the weights are
     * @param budget for the provenance
     */
    StoredCodes(ComputationGraph graph, List<Bsq.Weights> weights, String budget) {
        this.graph = graph;
        this.weights = weights;
        this.budget = budget;
    }

    ComputationGraph network(DataSetIterator calibration) {
        GraphEdit folded = GraphEdit.of(graph);
        BatchNormFolding.fold(folded, Set.of());
        ReferenceNetwork network = new ReferenceNetwork(folded.toGraph(), Engines.preferred());
        CalibrationData data = CalibrationData.of(calibration, 1);
        Map<String, RangeStatistics> ranges = new HashMap<>();
        long examples = ranges(network, data, ranges);
        Provenance provenance = new Provenance(Provenance.currentVersion(), graph.getClass().getSimpleName(), "bsq", CodeGrid.MAX_BITS,
                budget, examples, data.description(), Map.of());
        GraphEdit edit = folded.copy();
        for (LinearVertex vertex : network.linear().values()) {
            List<MultipointWeights.Operation> operations = new ArrayList<>();
            weights.stream().filter(w -> w.vertex().equals(vertex.name())).forEach(w -> {
                LinearVertex.Operation operation = vertex.operations().get(w.operation());
                operations.add(MultipointWeights.Operation.of(matrix(w, operation), Optional.of(ranges.get(operation.name())
                        .quantization(MultipointOptions.defaults().clipping(), INPUT_BITS))));
            });
            WeightVertex.Stored stored = vertex.stored(edit.layer(vertex.name()), edit.params(vertex.name()),
                    new MultipointWeights(operations, provenance, edit.regularization(vertex.name())),
                    vertex.operations().stream().map(LinearVertex.Operation::bias).toList());
            edit.replace(vertex.name(), stored.layer(), stored.params());
        }
        return edit.toGraph();
    }

    /** Adds the ranges of the inputs of all operations, by name; gives the number of examples. */
    private static long ranges(ReferenceNetwork network, CalibrationData data, Map<String, RangeStatistics> ranges) {
        long examples = 0;
        data.reset();
        try (ReferenceNetwork.Passes passes = network.passes(network.linear().values())) {
            while (data.hasNext()) {
                Tensor[] batch = data.next();
                examples += batch[0].examples();
                passes.run(batch, (vertex, operation, input) -> ranges
                        .computeIfAbsent(vertex.operations().get(operation).name(), o -> new RangeStatistics()).add(input.data()));
            }
        }
        return examples;
    }

    private static MultipointMatrix matrix(Bsq.Weights own, LinearVertex.Operation folded) {
        int columns = folded.op().columns();
        int bits = Math.max(CodeGrid.MIN_BITS, own.planes().planes() + 1);
        MultipointMatrix.Builder matrix = new MultipointMatrix.Builder(folded.op().rows(), columns, bits, CodeGrid.SYMMETRIC, ScaleLayout.PER_ROW);
        int[] codes = own.codes();
        float[] values = folded.weights();
        for (int r = 0; r < folded.op().rows(); r++) {
            int first = r * columns;
            int largest = IntStream.range(first, first + columns).reduce(first, (a, b) -> Math.abs(codes[b]) > Math.abs(codes[a]) ? b : a);
            float step = codes[largest] == 0 ? 0 : values[largest] / codes[largest];
            // A negative factor of the normalization turns the signs of a row: steps are positive.
            int sign = step < 0 ? -1 : 1;
            matrix.digits(r, 1, Math.abs(step), IntStream.range(first, first + columns).map(i -> sign * codes[i]).toArray());
        }
        return matrix.build();
    }
}
