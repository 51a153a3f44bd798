package org.multipoint.onnx;

import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.multipoint.internal.engine.FusedRows;
import org.multipoint.internal.files.AtomicFile;
import org.multipoint.internal.graph.GraphEdit;
import org.multipoint.internal.onnx.OnnxExporter;
import org.multipoint.segments.Additions;
import org.multipoint.segments.Segments;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * Writes a network as an ONNX model that computes what its compiled graph does, for other runtimes.
 *
 * <pre>{@code
 * OnnxExport.of(result.model(), InputType.convolutional(32, 32, 3)).write(Path.of("model.onnx"));
 * }</pre>
 *
 * <p>Networks of all kinds can be written: in fp32, transformed, compiled. The model has the network's inputs and outputs, under their
 * names and with their axes: where Deeplearning4j takes {@code [N, H, W, C]}, the model does. Batches may have any size.
 *
 * <p><b>Integers.</b> Operations on integers are written as ONNX Runtime and OpenVINO expect it, as floating operations between pairs
 * of {@code QuantizeLinear} and {@code DequantizeLinear}. What they read is rounded with the ranges that the network has stored, to
 * bytes, also where activations have fewer than 8 bits; their weights are bytes with one scale for each output channel. Nothing else
 * is rounded: what is added, averaged, activated or given out is in floating point, as in a compiled graph, unless {@link #additions} says
 * otherwise. Outputs therefore agree
 * with those of the compiled graph, except that a value close to the middle between two integers may become either. Where the result
 * of an operation goes to another one on integers, a runtime can compute it on integers alone; where it is added to something else,
 * ONNX Runtime 1.23 computes that operation in floating point, with the same values.
 *
 * <p><b>Size.</b> The file has the fused rows, one byte for each weight, and not the points or the entropy-coded integers of
 * Deeplearning4j's file: it is about a quarter of the size in fp32. Layers whose inputs are floats ({@code activationBits(0)}) are
 * written in fp32.
 *
 * <p><b>CPUs.</b> On x86 CPUs without VNNI, kernels of ONNX Runtime and OpenVINO add two products of bytes in 16 bits, where codes
 * beyond 64 overflow silently. By default codes are therefore within 63, as this project's own engine has them on such CPUs; weights
 * whose integers do not fit are rounded to that. {@link #fullRange()} has codes up to 127.
 *
 * <p>Everything that {@link Segments} can compile can be written, in operator set 13, which ONNX Runtime has supported since 2020.
 * Objects of this class are immutable.
 */
public final class OnnxExport {

    private final Supplier<GraphEdit> source;
    private final List<long[]> shapes;
    private final int codeLimit;
    private final Additions additions;

    private OnnxExport(Supplier<GraphEdit> source, List<long[]> shapes, int codeLimit, Additions additions) {
        this.source = source;
        this.shapes = shapes;
        this.codeLimit = codeLimit;
        this.additions = additions;
    }

    /**
     * An export of a graph.
     *
     * @param graph  plain, transformed or compiled, and initialized; not changed
     * @param inputs what the graph's inputs are, in their order: images or sequences of these sizes, or vectors
     * @throws IllegalArgumentException where there are more or fewer inputs, or the size of one is not known
     */
    public static OnnxExport of(ComputationGraph graph, InputType... inputs) {
        return of(() -> GraphEdit.of(graph), graph.getConfiguration().getNetworkInputs(), inputs);
    }

    /**
     * An export of a network of layers. The model's input is called "input", its output as the last layer is.
     *
     * @param network plain or transformed, and initialized; not changed
     * @param input   what its input is: images or sequences of this size, or vectors
     * @throws IllegalArgumentException where the size of the input is not known
     */
    public static OnnxExport of(MultiLayerNetwork network, InputType input) {
        return of(() -> GraphEdit.of(network), List.of(GraphEdit.INPUT), input);
    }

    private static OnnxExport of(Supplier<GraphEdit> source, List<String> names, InputType... inputs) {
        if (inputs.length != names.size()) {
            throw new IllegalArgumentException("Expected the types of " + names.size() + " inputs, " + names + ", found " + Arrays.toString(inputs));
        }
        List<long[]> shapes = IntStream.range(0, inputs.length).mapToObj(i -> shape(names.get(i), inputs[i])).toList();
        return new OnnxExport(source, shapes, FusedRows.SAFE_LIMIT, Additions.FLOATING);
    }

    private static long[] shape(String name, InputType type) {
        long[] shape = type.getShape(true);
        shape[0] = 1;
        if (shape.length > 4 || Arrays.stream(shape).anyMatch(size -> size < 1)) {
            throw new IllegalArgumentException("Expected vectors, or sequences or images of a given size, as input \"" + name + "\", found " + type);
        }
        return shape;
    }

    /**
     * The same export with weights of 127 in absolute value at most, rather than 63: for runtimes that sum products of bytes exactly, as they do
     * on CPUs with VNNI or on ARM, or with ONNX Runtime's {@code session.x64quantprecision}. Weights then are rounded less, most of them not at all.
     */
    public OnnxExport fullRange() {
        return new OnnxExport(source, shapes, FusedRows.FULL_LIMIT, additions);
    }

    /**
     * The same export with another way of adding, which is {@link Additions#FLOATING} otherwise. Segments of a graph that is compiled already add as
     * they do.
     */
    public OnnxExport additions(Additions how) {
        return new OnnxExport(source, shapes, codeLimit, Objects.requireNonNull(how, "additions"));
    }

    /**
     * Writes the model to a file, which appears as a whole or not at all.
     *
     * @throws IllegalArgumentException where the network is not initialized, or a vertex cannot be written or does not fit the inputs; it names
     *                                  the vertex
     * @throws IOException              where the file cannot be written
     */
    public void write(Path file) throws IOException {
        byte[] model = toBytes();
        AtomicFile.write(file, part -> Files.write(part, model));
    }

    /**
     * The model. The same network gives the same bytes.
     *
     * @throws IllegalArgumentException where the network is not initialized, or a vertex cannot be written or does not fit the inputs; it names
     *                                  the vertex
     */
    public byte[] toBytes() {
        return OnnxExporter.export(source.get(), codeLimit, additions, shapes).toBytes();
    }
}
