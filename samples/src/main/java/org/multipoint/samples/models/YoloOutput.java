package org.multipoint.samples.models;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.objdetect.Yolo2OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.multipoint.internal.graph.GraphEdit;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Deeplearning4j's Yolo2OutputLayer for detectors of one class, which have no channel for it. */
public final class YoloOutput {

    private static final String NAME = "yolo";
    /** x, y, width, height and confidence. */
    private static final int CHANNELS = 5;

    private YoloOutput() {
    }

    /**
     * A copy of a graph that ends in such a layer. The convolution before it gets a channel of zeros for each anchor: the class that all
     * objects have.
     *
     * @param graph   ends in a convolution with five channels for each anchor: x, y, width, height and confidence, without activations
     * @param anchors width and height of each, in cells
     * @throws IllegalArgumentException where it does not
     */
    public static ComputationGraph append(ComputationGraph graph, double[][] anchors) {
        GraphEdit edit = GraphEdit.of(graph);
        List<String> outputs = edit.conf().getNetworkOutputs();
        String last = outputs.get(0);
        if (outputs.size() != 1 || !(edit.layer(last) instanceof ConvolutionLayer convolution)
                || convolution.getNOut() != CHANNELS * anchors.length) {
            throw new IllegalArgumentException("The graph ends in " + outputs + ": expected a convolution with " + CHANNELS * anchors.length
                    + " channels, five for each of " + anchors.length + " anchors");
        }
        convolution.setNOut((CHANNELS + 1L) * anchors.length);
        Map<String, INDArray> params = edit.params(last);
        edit.replace(last, convolution, Map.of("W", withClass(params.get("W"), anchors.length),
                "b", withClass(params.get("b").reshape(CHANNELS * anchors.length), anchors.length)));
        Yolo2OutputLayer yolo = new Yolo2OutputLayer.Builder().boundingBoxPriors(Nd4j.create(anchors)).build();
        yolo.setLayerName(NAME);
        yolo.setFormat(convolution.getCnn2dDataFormat());
        edit.add(NAME, new LayerVertex(new NeuralNetConfiguration.Builder().layer(yolo).build(), null), List.of(last), Map.of());
        edit.conf().setNetworkOutputs(List.of(NAME));
        return edit.toGraph();
    }

    /** The same with a row of zeros after every five rows. */
    private static INDArray withClass(INDArray rows, int anchors) {
        long rest = rows.length() / rows.size(0);
        INDArray padded = Nd4j.zeros(rows.dataType(), anchors, CHANNELS + 1, rest);
        for (int anchor = 0; anchor < anchors; anchor++) {
            for (int channel = 0; channel < CHANNELS; channel++) {
                padded.slice(anchor).slice(channel).assign(rows.slice(anchor * CHANNELS + (long) channel).reshape(rest));
            }
        }
        long[] shape = Arrays.copyOf(rows.shape(), rows.rank());
        shape[0] = (CHANNELS + 1L) * anchors;
        return padded.reshape(shape);
    }
}
