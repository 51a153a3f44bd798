package org.multipoint.detection;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.layers.objdetect.Yolo2OutputLayer;
import org.multipoint.datasets.Box;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.List;
import java.util.stream.IntStream;

/**
 * The output of Deeplearning4j's Yolo2OutputLayer (Redmon, Farhadi: YOLO9000, 2017), which has applied all activations: for each anchor the place
 * of the centre in its cell, width and height in cells, confidence, and the probabilities of the classes.
 *
 * @param anchors   number of anchors
 * @param classes   number of classes
 * @param format    of the output
 * @param threshold least score, confidence times probability of the class
 */
public record Yolo2Head(int anchors, int classes, CNN2DFormat format, double threshold) implements DetectionHead {

    private static final int BOX_CHANNELS = 5;

    /**
     * The head of a network that ends in such a layer.
     *
     * @param channels of the layer's input
     * @param threshold least score
     */
    public static Yolo2Head of(Yolo2OutputLayer layer, int channels, double threshold) {
        int anchors = (int) layer.getBoundingBoxes().size(0);
        return new Yolo2Head(anchors, channels / anchors - BOX_CHANNELS, layer.getFormat(), threshold);
    }

    @Override
    public List<List<Detection>> decode(INDArray... outputs) {
        if (outputs.length != 1) {
            throw new IllegalArgumentException("The network has " + outputs.length + " outputs, expected that of one Yolo2OutputLayer");
        }
        int channels = BOX_CHANNELS + classes;
        CellValues values = CellValues.of(outputs[0], format, "The output").withChannels(anchors * channels, "The output");
        return values.decode((cell, into) -> IntStream.range(0, anchors).map(a -> a * channels).forEach(from -> {
            double confidence = cell.get(from + 4);
            // No probability is larger than 1.
            if (confidence < threshold) {
                return;
            }
            Box box = Box.centered((cell.column() + cell.get(from)) / values.width(), (cell.row() + cell.get(from + 1)) / values.height(),
                    cell.get(from + 2) / values.width(), cell.get(from + 3) / values.height());
            for (int label = 0; label < classes; label++) {
                double score = confidence * cell.get(from + BOX_CHANNELS + label);
                if (score >= threshold) {
                    into.add(new Detection(box, label, score));
                }
            }
        }));
    }
}
