package org.multipoint.internal.onnx;

import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.multipoint.internal.engine.Images;
import org.multipoint.internal.engine.Program;
import org.multipoint.internal.graph.BatchNormFolding;
import org.multipoint.internal.graph.GraphEdit;
import org.multipoint.internal.onnx.ProgramWriter.Image;
import org.multipoint.segments.Additions;
import org.multipoint.segments.Segment;
import org.multipoint.segments.SegmentResult;
import org.multipoint.segments.Segments;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Writes graphs, compiled to segments, as ONNX graphs with the same inputs and outputs: what is {@code [N, H, W, C]} in Deeplearning4j is so in the
 * model. Vertices outside segments are written as segments of one vertex.
 */
public final class OnnxExporter {

    /**
     * What a vertex computes: the array of Deeplearning4j, and the image that programs have of it. Each is written when it is first asked for.
     */
    private final class Value {
        private final String name;
        private final long[] shape;
        private final Map<Boolean, String> images = new HashMap<>();
        private String array;

        /**
         * @param shape of the array, for one example
         */
        Value(String name, long[] shape) {
            this.name = name;
            this.shape = shape;
        }

        /** A value that is written already, as an array. */
        Value asArray() {
            array = name;
            return this;
        }

        /** A value that is written already, as an image. */
        Value asImage(String tensor, boolean channelsLast) {
            images.put(channelsLast, tensor);
            return this;
        }

        Image image(boolean channelsLast) {
            long[] s = Images.ordered(shape, 1, channelsLast);
            String tensor = images.computeIfAbsent(channelsLast, this::imageOfArray);
            return new Image(tensor, new Program.Shape((int) s[0], (int) s[1], (int) s[2], (int) s[3]), shape.length);
        }

        private String imageOfArray(boolean channelsLast) {
            String source = array();
            String image = imageName(name, shape.length, channelsLast);
            if (shape.length == 4 && channelsLast) {
                transpose(source, image, List.of(0L, 3L, 1L, 2L));
            } else if (shape.length == 3) {
                String sequence = channelsLast ? names.of(name, "sequence") : source;
                if (channelsLast) {
                    transpose(source, sequence, List.of(0L, 2L, 1L));
                }
                onnx.node("Unsqueeze", image, List.of(sequence, column()));
            }
            return image;
        }

        String array() {
            if (array == null) {
                array = name;
                images.forEach((channelsLast, image) -> arrayOfImage(image, channelsLast));
            }
            return array;
        }

        private void arrayOfImage(String image, boolean channelsLast) {
            if (shape.length == 4 && channelsLast) {
                transpose(image, name, List.of(0L, 2L, 3L, 1L));
            } else if (shape.length == 3) {
                String sequence = channelsLast ? names.of(name, "sequence") : name;
                onnx.node("Squeeze", sequence, List.of(image, column()));
                if (channelsLast) {
                    transpose(sequence, name, List.of(0L, 2L, 1L));
                }
            }
        }

        private void transpose(String from, String to, List<Long> axes) {
            onnx.node("Transpose", to, List.of(from), OnnxGraph.attribute("perm", axes));
        }

        /** The axis of columns, of which sequences have one. */
        private String column() {
            return onnx.constant(names.of(name, "column"), new long[]{3}, 1);
        }
    }

    private final OnnxGraph onnx = new OnnxGraph();
    private final TensorNames names;
    private final ProgramWriter programs;
    private final Map<String, Value> values = new HashMap<>();

    private OnnxExporter(Set<String> taken, int codeLimit) {
        names = new TensorNames(taken);
        programs = new ProgramWriter(onnx, names, codeLimit);
    }

    /**
     * Writes a graph.
     *
     * @param edit      the graph; BatchNormalization is folded in it
     * @param codeLimit largest absolute code of a weight of operations on integers
     * @param additions how segments add
     * @param shapes    of the network's inputs, for one example
     * @throws IllegalArgumentException where a vertex cannot be written or does not fit the inputs; it names the vertex
     */
    public static OnnxGraph export(GraphEdit edit, int codeLimit, Additions additions, List<long[]> shapes) {
        BatchNormFolding.fold(edit, Set.of());
        ComputationGraph folded = edit.toGraph();
        ComputationGraph compiled;
        try {
            compiled = Segments.compile(folded, additions).graph();
        } finally {
            folded.close();
        }
        try {
            ComputationGraphConfiguration conf = compiled.getConfiguration();
            Set<String> taken = new HashSet<>(conf.getVertices().keySet());
            taken.addAll(conf.getNetworkInputs());
            OnnxExporter exporter = new OnnxExporter(taken, codeLimit);
            exporter.write(compiled, shapes);
            return exporter.onnx;
        } finally {
            compiled.close();
        }
    }

    private void write(ComputationGraph graph, List<long[]> shapes) {
        ComputationGraphConfiguration conf = graph.getConfiguration();
        for (int i = 0; i < shapes.size(); i++) {
            String name = conf.getNetworkInputs().get(i);
            onnx.input(name, shapes.get(i));
            values.put(name, new Value(name, shapes.get(i)).asArray());
        }
        for (int index : graph.topologicalSortOrder()) {
            org.deeplearning4j.nn.graph.vertex.GraphVertex vertex = graph.getVertices()[index];
            if (!vertex.isInputVertex()) {
                String name = vertex.getVertexName();
                write(name, conf.getVertices().get(name), vertex.params(), conf.getVertexInputs().get(name));
            }
        }
        for (String name : conf.getNetworkOutputs()) {
            onnx.output(values.get(name).array(), values.get(name).shape);
        }
    }

    private void write(String name, GraphVertex vertex, INDArray params, List<String> inputs) {
        if (vertex instanceof SegmentResult) {
            return;
        }
        boolean readsVectors = inputs.stream().allMatch(input -> values.get(input).shape.length == 2);
        Segment segment = Segment.of(vertex).orElseGet(() -> alone(name, vertex, readsVectors, inputs));
        Program program = segment.program(params);
        boolean last = segment.channelsLast();
        List<Image> read = inputs.stream().distinct().map(input -> values.get(input).image(last)).toList();
        List<String> plain = segment.results().stream()
                .map(result -> segment.foreignActivation(result).isPresent() ? names.of(result, "linear") : result).toList();
        List<Image> images = programs.write(name, program, read, (result, rank) -> imageName(plain.get(result), rank, last));
        for (int i = 0; i < images.size(); i++) {
            String result = segment.results().get(i);
            Image image = images.get(i);
            Value value = new Value(plain.get(i), Images.arrayShape(image.shape(), image.rank(), last)).asImage(image.tensor(), last);
            values.put(result, segment.foreignActivation(result).map(a -> activated(result, a, value)).orElse(value));
        }
    }

    private static Segment alone(String name, GraphVertex vertex, boolean readsVectors, List<String> inputs) {
        try {
            return Segment.alone(name, vertex, readsVectors, inputs);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(ProgramWriter.unsupported(name, e.getMessage()).getMessage(), e);
        }
    }

    /** Deeplearning4j's softmax is over the last axis of an array, whatever that is. */
    private Value activated(String name, IActivation activation, Value x) {
        if (!(activation instanceof ActivationSoftmax)) {
            throw ProgramWriter.unsupported(name, "activation " + activation);
        }
        onnx.node("Softmax", name, List.of(x.array()), OnnxGraph.attribute("axis", -1));
        return new Value(name, x.shape).asArray();
    }

    /** The tensor of an image, which may be that of the array. */
    private String imageName(String value, int rank, boolean channelsLast) {
        return rank == 2 || rank == 4 && !channelsLast ? value : names.of(value, channelsLast ? "imageOfLast" : "image");
    }
}
