package com.example;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.multipoint.internal.engine.Engines;
import org.multipoint.segments.Segments;
import org.multipoint.transform.Multipoint;
import org.multipoint.transform.MultipointResult;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.adapter.SingletonDataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

/** Quantizes a small network with random weights, and fails where its outputs are far from the network's own. */
public final class FirstProject {

    public static void main(String[] args) {
        ComputationGraph graph = new ComputationGraph(new NeuralNetConfiguration.Builder().seed(1).graphBuilder()
                .addInputs("image").setInputTypes(InputType.convolutional(16, 16, 3))
                .addLayer("first", new ConvolutionLayer.Builder(3, 3).nOut(16).activation(Activation.RELU).build(), "image")
                .addLayer("second", new ConvolutionLayer.Builder(3, 3).nOut(32).activation(Activation.RELU).build(), "first")
                .addLayer("pooling", new GlobalPoolingLayer(), "second")
                .addLayer("classes", new OutputLayer.Builder().nOut(5).activation(Activation.SOFTMAX).build(), "pooling")
                .setOutputs("classes").build());
        graph.init();
        INDArray images = Nd4j.rand(64, 3, 16, 16);
        MultipointResult<ComputationGraph> result = Multipoint.of(graph)
                .calibrate(new SingletonDataSetIterator(new DataSet(images, Nd4j.zeros(64, 5))))
                .bits(8)
                .transform();
        ComputationGraph fast = Segments.compile(result.model()).graph();
        double difference = graph.outputSingle(images).sub(fast.outputSingle(images)).amaxNumber().doubleValue();
        System.out.println("engine " + Engines.preferred().name());
        System.out.println("difference " + difference);
        System.exit(difference < 0.02 ? 0 : 1);
    }
}
