package org.multipoint.samples.models;

import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.objdetect.Yolo2OutputLayer;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.impl.ActivationLReLU;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A small detector in the manner of YOLOv2 (Redmon, Farhadi: YOLO9000, 2017) for images whose side is eight times that of its grid: three stages
 * of 3x3 convolutions, the first of each with stride 2, all with batch normalization and LeakyReLU 0.1, and a 1x1 convolution into a
 * Yolo2OutputLayer.
 */
public final class ShapeDetector {

    /** Width and height in cells. */
    private static final double[][] CELLS = {{2, 2}, {3, 3}};
    private static final int STAGES = 3;

    /** Number of anchors. */
    public static final int ANCHORS = CELLS.length;

    private static final double LEAK = 0.1;

    private ShapeDetector() {
    }

    /**
     * The network before training.
     *
     * @param settings how it is initialized and trained
     * @param blocks   convolutions with stride 1 in the second stage; the first has none, the third twice as many
     * @param size     side of its input {@code [N, 3, size, size]}, a multiple of 8
     * @param width    channels of the first stage; each further one has twice as many
     * @param classes  number of classes
     */
    public static ComputationGraphConfiguration configuration(NeuralNetConfiguration.Builder settings, int blocks, int size, int width,
                                                              int classes) {
        GraphBuilder graph = settings.activation(Activation.IDENTITY).convolutionMode(ConvolutionMode.Same).graphBuilder()
                .addInputs("image").setInputTypes(InputType.convolutional(size, size, 3));
        String before = "image";
        int layer = 0;
        for (int stage = 0; stage < STAGES; stage++) {
            for (int i = 0; i <= stage * blocks; i++) {
                layer++;
                int stride = i == 0 ? 2 : 1;
                graph.addLayer("conv" + layer, new ConvolutionLayer.Builder(3, 3).nOut(width << stage).stride(stride, stride).hasBias(false)
                                .build(), before)
                        .addLayer("bn" + layer, new BatchNormalization.Builder().build(), "conv" + layer)
                        .addLayer("leaky" + layer, new ActivationLayer(new ActivationLReLU(LEAK)), "bn" + layer);
                before = "leaky" + layer;
            }
        }
        return graph
                .addLayer("head", new ConvolutionLayer.Builder(1, 1).nOut(ANCHORS * (5 + classes)).build(), before)
                .addLayer("yolo", new Yolo2OutputLayer.Builder().boundingBoxPriors(Nd4j.create(CELLS)).build(), "head")
                .setOutputs("yolo").build();
    }
}
