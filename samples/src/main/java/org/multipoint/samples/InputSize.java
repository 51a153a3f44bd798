package org.multipoint.samples;

import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.inputs.InputType.InputTypeConvolutional;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * The size of a network's images. A file of Deeplearning4j does not tell it, but where images become vectors, the preprocessor there knows
 * what has become of them.
 */
final class InputSize {

    private static final int LARGEST = 640;

    private final Model model;
    private final int channels;
    private final CNN2DFormat format;

    InputSize(Model model, int channels, CNN2DFormat format) {
        this.model = model;
        this.channels = channels;
        this.format = format;
    }

    /** Height of square images; empty where no layer tells. */
    OptionalInt find() {
        if (!flattens()) {
            return OptionalInt.empty();
        }
        return IntStream.rangeClosed(1, LARGEST).filter(this::fits).boxed()
                .max(Comparator.<Integer>comparingInt(Integer::numberOfTrailingZeros).thenComparing(Comparator.reverseOrder()))
                .map(OptionalInt::of).orElse(OptionalInt.empty());
    }

    private boolean flattens() {
        return model instanceof ComputationGraph graph
                ? graph.getConfiguration().getNetworkInputs().size() == 1 && graph.getConfiguration().getVertices().values().stream()
                        .anyMatch(v -> preProcessor(v) instanceof CnnToFeedForwardPreProcessor)
                : layers().getInputPreProcessors().values().stream().anyMatch(CnnToFeedForwardPreProcessor.class::isInstance);
    }

    private MultiLayerConfiguration layers() {
        return ((MultiLayerNetwork) model).getLayerWiseConfigurations();
    }

    private boolean fits(int size) {
        try {
            return model instanceof ComputationGraph graph ? fits(graph.getConfiguration(), size) : fits(layers(), size);
        } catch (RuntimeException e) {
            // Deeplearning4j refuses shapes that do not fit, in many ways.
            return false;
        }
    }

    private boolean fits(ComputationGraphConfiguration configuration, int size) {
        Map<String, InputType> types = configuration.clone().getLayerActivationTypes(true, false, input(size));
        return configuration.getVertices().entrySet().stream()
                .allMatch(v -> fits(preProcessor(v.getValue()), types.get(configuration.getVertexInputs().get(v.getKey()).get(0))));
    }

    /** Of a layer, or of a vertex of its own, as Keras' layers that flatten become one; null for none. */
    private static InputPreProcessor preProcessor(GraphVertex vertex) {
        return vertex instanceof LayerVertex layer ? layer.getPreProcessor()
                : vertex instanceof PreprocessorVertex preprocessor ? preprocessor.getPreProcessor() : null;
    }

    private boolean fits(MultiLayerConfiguration configuration, int size) {
        InputType input = input(size);
        List<InputType> types = configuration.getLayerActivationTypes(input);
        return IntStream.range(0, types.size()).allMatch(i -> fits(configuration.getInputPreProcess(i), i == 0 ? input : types.get(i - 1)));
    }

    private static boolean fits(InputPreProcessor preProcessor, InputType type) {
        return !(preProcessor instanceof CnnToFeedForwardPreProcessor flat) || type instanceof InputTypeConvolutional images
                && flat.getInputHeight() == images.getHeight() && flat.getInputWidth() == images.getWidth();
    }

    private InputType input(int size) {
        return InputType.convolutional(size, size, channels, format);
    }
}
