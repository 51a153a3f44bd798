package org.multipoint.internal.graph;

import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.layers.LayerKind;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Folds BatchNormalization into the layer before it: with {@code s = gamma / sqrt(var + eps)}, each output channel's weights become
 * {@code W s} and its bias {@code (b - mean) s + beta}.
 */
public final class BatchNormFolding {

    private BatchNormFolding() {
    }

    /** A new graph with the same outputs, BatchNormalization folded wherever that leaves them as they are. */
    public static ComputationGraph folded(ComputationGraph graph) {
        GraphEdit edit = GraphEdit.of(graph);
        fold(edit, Set.of());
        return edit.toGraph();
    }

    /**
     * Folds wherever that leaves the outputs as they are.
     *
     * @param leftOut vertices that are not to be folded
     * @return for each BatchNormalization that stays, why
     */
    public static Map<String, String> fold(GraphEdit edit, Set<String> leftOut) {
        Map<String, String> kept = new LinkedHashMap<>();
        for (String name : new ArrayList<>(edit.vertices().keySet())) {
            if (!leftOut.contains(name)
                    && edit.layer(name) instanceof BatchNormalization norm && norm.getClass() == BatchNormalization.class) {
                String source = edit.conf().getVertexInputs().get(name).get(0);
                Optional<String> obstacle = obstacle(edit, name, norm, source);
                if (obstacle.isPresent()) {
                    kept.put(name, "not folded: " + obstacle.get());
                } else {
                    scale(edit, source, norm, edit.params(name));
                    edit.remove(name);
                }
            }
        }
        return kept;
    }

    private static Optional<String> obstacle(GraphEdit edit, String name, BatchNormalization norm, String source) {
        Layer before = edit.layer(source);
        Optional<LayerKind> kind = before == null || before instanceof BaseOutputLayer ? Optional.empty() : LayerKind.ofPlain(before);
        if (kind.isEmpty()) {
            return Optional.of("\"" + source + "\" before it is no convolution or dense layer");
        }
        if (!(((BaseLayer) before).getActivationFn() instanceof ActivationIdentity)) {
            return Optional.of("\"" + source + "\" before it has an activation");
        }
        Topology topology = edit.topology();
        if (topology.readersOf(source).size() > 1 || topology.isNetworkOutput(source)) {
            return Optional.of("the output of \"" + source + "\" is used elsewhere, too");
        }
        if (edit.preProcessor(name) != null) {
            return Optional.of("it has a preprocessor");
        }
        if (norm.isLockGammaBeta()) {
            return Optional.of("its gamma and beta are locked");
        }
        return kind.get().obstacle(before).map(why -> "\"" + source + "\" before it: " + why);
    }

    private static void scale(GraphEdit edit, String name, BatchNormalization norm, Map<String, INDArray> statistics) {
        BatchNormAffine affine = BatchNormAffine.of(norm, statistics);
        List<LinearOp> ops = LinearEdit.ops(edit, name);
        double[] inputs = new double[ops.get(ops.size() - 1).inChannels()];
        Arrays.fill(inputs, 1);
        LinearEdit.affine(edit, name, ops.size() - 1, inputs, affine.factor(), affine.shift());
    }
}
