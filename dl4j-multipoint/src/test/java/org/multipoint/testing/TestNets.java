package org.multipoint.testing;

import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.TestMultiDataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;

/** Small networks with random weights, biases and statistics, and random data for them. */
public final class TestNets {

    private TestNets() {
    }

    private static NeuralNetConfiguration.Builder configuration(DataType type) {
        return new NeuralNetConfiguration.Builder().seed(7).updater(new Sgd(0.01)).dataType(type);
    }

    /** A graph in single precision. */
    public static ComputationGraph graph(Consumer<GraphBuilder> build) {
        return graph(DataType.FLOAT, build);
    }

    public static ComputationGraph graph(DataType type, Consumer<GraphBuilder> build) {
        GraphBuilder builder = configuration(type).graphBuilder();
        build.accept(builder);
        ComputationGraph graph = new ComputationGraph(builder.build());
        graph.init();
        randomize(graph);
        return graph;
    }

    /** A graph of layers one after another, named {@code l0}, {@code l1}, ... */
    public static ComputationGraph chain(InputType input, Layer... layers) {
        return graph(builder -> {
            builder.addInputs("in").setInputTypes(input);
            for (int i = 0; i < layers.length; i++) {
                builder.addLayer("l" + i, layers[i].clone(), i == 0 ? "in" : "l" + (i - 1));
            }
            builder.setOutputs("l" + (layers.length - 1)).validateOutputLayerConfig(false);
        });
    }

    /** A network of layers one after another, without names of their own. */
    public static MultiLayerNetwork network(InputType input, Layer... layers) {
        NeuralNetConfiguration.ListBuilder builder = configuration(DataType.FLOAT).list();
        for (Layer layer : layers) {
            builder.layer(layer.clone());
        }
        MultiLayerNetwork network = new MultiLayerNetwork(builder.setInputType(input).validateOutputLayerConfig(false).build());
        network.init();
        randomize(network);
        return network;
    }

    /** Gives biases and statistics of BatchNormalization values as training does; weights keep their random initialization. */
    public static void randomize(Model model) {
        Random random = new Random(11);
        for (Map.Entry<String, INDArray> param : model.paramTable().entrySet()) {
            String key = param.getKey().substring(param.getKey().lastIndexOf('_') + 1);
            INDArray values = param.getValue();
            for (long i = 0; i < values.length(); i++) {
                switch (key) {
                    case "b", "beta", "mean" -> values.putScalar(i, 0.3 * random.nextGaussian());
                    case "gamma", "var" -> values.putScalar(i, 0.5 + random.nextDouble());
                    case "log10stdev" -> values.putScalar(i, 0.2 * random.nextGaussian());
                    default -> {
                    }
                }
            }
        }
    }

    /** Normally distributed values. */
    public static INDArray random(long seed, long... shape) {
        return TestOps.normal(seed, shape).toArray();
    }

    /** Batches of random features, labels in turn one of {@code classes}. */
    public static DataSetIterator iterator(long seed, int batches, int classes, long... shape) {
        List<DataSet> sets = new ArrayList<>();
        for (int b = 0; b < batches; b++) {
            INDArray labels = Nd4j.zeros(shape[0], classes);
            for (int n = 0; n < shape[0]; n++) {
                labels.putScalar(n, (n + b) % classes, 1);
            }
            sets.add(new DataSet(random(seed + b, shape), labels));
        }
        // One data set is one batch.
        return new ListDataSetIterator<>(sets, 1);
    }

    /** Batches of random features for several inputs, without labels. */
    public static MultiDataSetIterator iterator(long seed, int batches, long[]... shapes) {
        MultiDataSet[] sets = new MultiDataSet[batches];
        for (int b = 0; b < batches; b++) {
            INDArray[] features = new INDArray[shapes.length];
            for (int i = 0; i < shapes.length; i++) {
                features[i] = random(seed + 100L * b + i, shapes[i]);
            }
            sets[b] = new MultiDataSet(features, new INDArray[0]);
        }
        return new TestMultiDataSetIterator(1, sets);
    }
}
