package org.multipoint.spark;

import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions;

import java.util.ArrayList;
import java.util.List;

/** Small networks and batches for them. */
final class Networks {

    static final int CLASSES = 4;

    private Networks() {
    }

    /** A residual block, two operations in a vertex, batch normalization and a preprocessor. */
    static ComputationGraph residual() {
        Nd4j.getRandom().setSeed(1);
        ComputationGraph graph = new ComputationGraph(new NeuralNetConfiguration.Builder().seed(1).convolutionMode(ConvolutionMode.Same)
                .activation(Activation.IDENTITY).graphBuilder().addInputs("in").setInputTypes(InputType.convolutional(8, 8, 3))
                .addLayer("first", new ConvolutionLayer.Builder(3, 3).nOut(6).build(), "in")
                .addLayer("norm", new BatchNormalization(), "first")
                .addLayer("relu", new ActivationLayer(Activation.RELU), "norm")
                .addLayer("second", new ConvolutionLayer.Builder(3, 3).nOut(6).activation(new Faltering()).build(), "relu")
                .addLayer("third", new ConvolutionLayer.Builder(3, 3).nOut(6).build(), "second")
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "relu", "third")
                .addLayer("separable", new SeparableConvolution2D.Builder(3, 3).nOut(8).activation(Activation.RELU).build(), "sum")
                .addLayer("pool", new GlobalPoolingLayer(PoolingType.AVG), "separable")
                .addLayer("out", new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nOut(CLASSES).activation(Activation.SOFTMAX).build(),
                        "pool").setOutputs("out").build());
        graph.init();
        return graph;
    }

    /** Takes noise for different classes, as it has no pooling. */
    static ComputationGraph classifier() {
        ComputationGraph graph = new ComputationGraph(new NeuralNetConfiguration.Builder().seed(3).graphBuilder().addInputs("in")
                .setInputTypes(InputType.convolutional(8, 8, 3))
                .addLayer("conv", new ConvolutionLayer.Builder(3, 3).nOut(4).activation(new Faltering()).build(), "in")
                .addLayer("out", new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nOut(CLASSES).activation(Activation.SOFTMAX).build(),
                        "conv").setOutputs("out").build());
        graph.init();
        return graph;
    }

    /** Recurrent: its layer is stored and computed by Deeplearning4j. */
    static MultiLayerNetwork recurrent() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder().seed(2).list()
                .layer(new LSTM.Builder().nOut(5).build())
                .layer(new RnnOutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nOut(CLASSES).activation(Activation.SOFTMAX).build())
                .setInputType(InputType.recurrent(3, 6)).build());
        network.init();
        return network;
    }

    /** Batches of 1 to 3 random examples, labels in turn. */
    static List<DataSet> batches(int count, long... each) {
        List<DataSet> batches = new ArrayList<>();
        Nd4j.getRandom().setSeed(7);
        for (int b = 0; b < count; b++) {
            int examples = 1 + b % 3;
            long[] shape = new long[each.length + 1];
            shape[0] = examples;
            System.arraycopy(each, 0, shape, 1, each.length);
            int[] labels = new int[examples];
            for (int n = 0; n < examples; n++) {
                labels[n] = (b + n) % CLASSES;
            }
            batches.add(new DataSet(Nd4j.randn(shape), Nd4j.eye(CLASSES).getRows(labels)));
        }
        return batches;
    }
}
