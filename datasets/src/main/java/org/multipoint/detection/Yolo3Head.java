package org.multipoint.detection;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.multipoint.datasets.Box;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.List;
import java.util.stream.IntStream;

/**
 * Outputs of YOLOv3 (Redmon, Farhadi: YOLOv3, 2018) without activations: for each anchor x, y, w, h, objectness and the classes. In a grid of
 * n cells the centre is {@code (sigmoid(x) * s - (s - 1) / 2 + cell) / n} with the scale s of YOLOv4, the width {@code anchor * exp(w)}, and the
 * score of a class {@code sigmoid(objectness) * sigmoid(class)}.
 *
 * @param scales    for each output of the network
 * @param classes   number of classes
 * @param format    of the outputs
 * @param threshold least score
 */
public record Yolo3Head(List<Scale> scales, int classes, CNN2DFormat format, double threshold) implements DetectionHead {

    private static final int BOX_CHANNELS = 5;

    /**
     * One output.
     *
     * @param anchors in shares of the network's input
     * @param scaleXy the scale s (scale_x_y of Darknet), 1 in YOLOv3 itself
     */
    public record Scale(List<Anchor> anchors, double scaleXy) {

        /** @param anchors not changed any more */
        public Scale {
            anchors = List.copyOf(anchors);
        }
    }

    /** @param scales not changed any more */
    public Yolo3Head {
        scales = List.copyOf(scales);
    }

    @Override
    public List<List<Detection>> decode(INDArray... outputs) {
        if (outputs.length != scales.size()) {
            throw new IllegalArgumentException("The network has " + outputs.length + " outputs, expected " + scales.size()
                    + ", one for each list of anchors");
        }
        return CellValues.merge(IntStream.range(0, outputs.length).mapToObj(i -> decode(outputs[i], scales.get(i), "Output " + i)).toList());
    }

    private List<List<Detection>> decode(INDArray output, Scale scale, String name) {
        int channels = BOX_CHANNELS + classes;
        CellValues values = CellValues.of(output, format, name).withChannels(scale.anchors.size() * channels, name);
        return values.decode((cell, into) -> {
            for (int anchor = 0; anchor < scale.anchors.size(); anchor++) {
                int from = anchor * channels;
                double objectness = CellValues.sigmoid(cell.get(from + 4));
                // No probability is larger than 1.
                if (objectness < threshold) {
                    continue;
                }
                Anchor prior = scale.anchors.get(anchor);
                Box box = Box.centered((cell.column() + place(cell.get(from), scale.scaleXy)) / values.width(),
                        (cell.row() + place(cell.get(from + 1), scale.scaleXy)) / values.height(),
                        prior.width() * Math.exp(cell.get(from + 2)), prior.height() * Math.exp(cell.get(from + 3)));
                for (int label = 0; label < classes; label++) {
                    double score = objectness * CellValues.sigmoid(cell.get(from + BOX_CHANNELS + label));
                    if (score >= threshold) {
                        into.add(new Detection(box, label, score));
                    }
                }
            }
        });
    }

    private static double place(double value, double scaleXy) {
        return CellValues.sigmoid(value) * scaleXy - (scaleXy - 1) / 2;
    }
}
