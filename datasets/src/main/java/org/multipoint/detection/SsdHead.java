package org.multipoint.detection;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.multipoint.datasets.Box;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Outputs of an SSD (Liu et al.: SSD, 2016) without activations: for each scale an output with the classes of each anchor, and then for each
 * scale one with the four offsets of each anchor's box. The anchors of a cell have its centre c; with a = (width, height) of the anchor and
 * variances v the box has the centre {@code c + offset * v * a} and the size {@code a * exp(offset * v)}.
 *
 * @param scales         anchors of each scale, in shares of the network's input
 * @param classes        number of classes, without background
 * @param scores         activation of the classes
 * @param centerVariance of the centre's offsets, 0.1 in the paper's code
 * @param sizeVariance   of the size's offsets, 0.2 in the paper's code
 * @param format         of the outputs
 * @param threshold      least score
 */
public record SsdHead(List<List<Anchor>> scales, int classes, Scores scores, double centerVariance, double sizeVariance, CNN2DFormat format,
                      double threshold) implements DetectionHead {

    private static final int BOX_CHANNELS = 4;

    /** How the classes' outputs become scores. */
    public enum Scores {
        /** Sigmoid of each class. */
        SIGMOID,
        /** Softmax over the background, which comes first, and the classes. */
        SOFTMAX
    }

    /** @param scales not changed any more */
    public SsdHead {
        scales = scales.stream().map(List::copyOf).toList();
    }

    /**
     * Anchors of one scale: each size at the first aspect ratio, then the first size at the other ratios. An anchor has the width
     * {@code size * sqrt(ratio)} and the height {@code size / sqrt(ratio)}.
     *
     * @param sizes  in shares of the network's input
     * @param ratios width / height
     */
    public static List<Anchor> anchors(List<Double> sizes, List<Double> ratios) {
        return Stream.concat(sizes.stream().map(size -> anchor(size, ratios.get(0))),
                ratios.stream().skip(1).map(ratio -> anchor(sizes.get(0), ratio))).toList();
    }

    private static Anchor anchor(double size, double ratio) {
        return new Anchor(size * Math.sqrt(ratio), size / Math.sqrt(ratio));
    }

    @Override
    public List<List<Detection>> decode(INDArray... outputs) {
        int count = scales.size();
        if (outputs.length != 2 * count) {
            throw new IllegalArgumentException("The network has " + outputs.length + " outputs, expected " + 2 * count
                    + ": classes and then boxes of each of " + count + " scales");
        }
        return CellValues.merge(IntStream.range(0, count).mapToObj(i -> decode(outputs, i, i + count)).toList());
    }

    private List<List<Detection>> decode(INDArray[] outputs, int classOutput, int boxOutput) {
        List<Anchor> anchors = scales.get(classOutput);
        int first = scores == Scores.SOFTMAX ? 1 : 0;
        int channels = classes + first;
        CellValues logits = CellValues.of(outputs[classOutput], format, "Output " + classOutput)
                .withChannels(anchors.size() * channels, "Output " + classOutput);
        CellValues boxes = CellValues.of(outputs[boxOutput], format, "Output " + boxOutput)
                .withChannels(anchors.size() * BOX_CHANNELS, "Output " + boxOutput);
        if (logits.height() != boxes.height() || logits.width() != boxes.width()) {
            throw new IllegalArgumentException("Output " + classOutput + " has " + logits.height() + "x" + logits.width() + " cells, output "
                    + boxOutput + " " + boxes.height() + "x" + boxes.width() + ": expected as many");
        }
        return logits.decode((cell, into) -> {
            for (int anchor = 0; anchor < anchors.size(); anchor++) {
                double[] score = scores(cell, anchor * channels, channels);
                for (int label = 0; label < classes; label++) {
                    if (score[label + first] >= threshold) {
                        into.add(new Detection(box(cell.in(boxes), anchor * BOX_CHANNELS, anchors.get(anchor), boxes), label,
                                score[label + first]));
                    }
                }
            }
        });
    }

    private double[] scores(CellValues.Cell cell, int from, int channels) {
        double[] score = IntStream.range(from, from + channels).mapToDouble(cell::get).toArray();
        double largest = Arrays.stream(score).max().orElseThrow();
        double sum = 0;
        for (int i = 0; i < channels; i++) {
            score[i] = scores == Scores.SIGMOID ? CellValues.sigmoid(score[i]) : Math.exp(score[i] - largest);
            sum += score[i];
        }
        for (int i = 0; scores == Scores.SOFTMAX && i < channels; i++) {
            score[i] /= sum;
        }
        return score;
    }

    private Box box(CellValues.Cell cell, int from, Anchor anchor, CellValues grid) {
        return Box.centered((cell.column() + 0.5) / grid.width() + cell.get(from) * centerVariance * anchor.width(),
                (cell.row() + 0.5) / grid.height() + cell.get(from + 1) * centerVariance * anchor.height(),
                anchor.width() * Math.exp(cell.get(from + 2) * sizeVariance), anchor.height() * Math.exp(cell.get(from + 3) * sizeVariance));
    }
}
