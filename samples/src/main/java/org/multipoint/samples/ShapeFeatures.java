package org.multipoint.samples;

import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.multipoint.datasets.ImageIterator;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * What the first two stages of the trained network of quickstart make of generated images: means over four by four pixels. A small network
 * learns in seconds to tell shapes apart by them.
 */
final class ShapeFeatures {

    /** Values of an image: 32 channels of 4x4 means. */
    static final int COUNT = 32 * 4 * 4;

    private static final String LAST = "layer2.0.relu2";
    private static final Predicate<String> BEHIND = name -> name.startsWith("layer3") || name.equals("pool") || name.equals("linear");
    private static final int POOLED = 4;

    private final Network stages;

    ShapeFeatures() throws IOException {
        ComputationGraph whole = (ComputationGraph) GeneratedTask.CLASSIFICATION.trained().model();
        ComputationGraphConfiguration conf = ComputationGraphConfiguration.fromJson(whole.getConfiguration().toJson());
        conf.getVertices().keySet().removeIf(BEHIND);
        conf.getVertexInputs().keySet().removeIf(BEHIND);
        conf.setNetworkOutputs(List.of(LAST));
        conf.setTopologicalOrder(null);
        conf.setTopologicalOrderStr(null);
        ComputationGraph first = new ComputationGraph(conf);
        first.init();
        for (org.deeplearning4j.nn.api.Layer layer : first.getLayers()) {
            layer.paramTable().forEach((key, value) -> value.assign(whole.getLayer(layer.conf().getLayer().getLayerName()).getParam(key)));
        }
        stages = new Network(first).compiled();
    }

    /** Batches {@code [images, COUNT]} in memory, to be used again and again; the images are closed. */
    List<DataSet> of(ImageIterator images) {
        List<DataSet> batches = new ArrayList<>();
        try (images) {
            while (images.hasNext()) {
                DataSet batch = images.next();
                try (INDArray maps = stages.output(batch.getFeatures())) {
                    long side = maps.size(2) / POOLED;
                    batches.add(new DataSet(maps.dup('c').reshape(maps.size(0), maps.size(1), side, POOLED, side, POOLED).mean(3, 5)
                            .reshape(maps.size(0), COUNT), batch.getLabels()));
                }
            }
        }
        return batches;
    }
}
