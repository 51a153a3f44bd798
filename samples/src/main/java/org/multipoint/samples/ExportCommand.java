package org.multipoint.samples;

import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.multipoint.internal.graph.GraphEdit;
import org.multipoint.onnx.OnnxExport;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/** Writes a saved model as an ONNX model. */
@Command(name = "export", description = "Writes a model of Deeplearning4j (.zip; plain, transformed or compiled) or of Keras 2 (.h5) as an ONNX "
        + "model, which computes the same on ONNX Runtime, OpenVINO and other runtimes; quantized layers with their own integers.")
final class ExportCommand implements Callable<Integer> {

    private static final Pattern SHAPE = Pattern.compile("[1-9][0-9]{0,6}(x[1-9][0-9]{0,6}){0,2}");

    @Spec
    private CommandSpec command;

    @Parameters(paramLabel = "FILE", description = "The model.")
    private Path file;

    private Path onnx;
    private long[] shape;

    @Option(names = "--full-range", description = "Weights of 8 bits rather than 7: more exact, for runtimes on CPUs with VNNI or on ARM. "
            + "Other x86 CPUs add products of bytes in 16 bits, which then overflow silently.")
    private boolean fullRange;

    @Option(names = "--onnx", required = true, paramLabel = "OUT", description = "The ONNX model.")
    void setOnnx(Path out) {
        onnx = Arguments.writable(command, "--onnx", out);
    }

    @Option(names = "--input", paramLabel = "SIZES", description = "Sizes of one example as the network takes it, such as 3x32x32 for an image "
            + "whose channels are first. Not needed for vectors, nor where a file of Keras tells them.")
    void setInput(String sizes) {
        Arguments.checked(command, "--input", sizes, SHAPE.matcher(sizes).matches(), "one to three sizes, such as 3x32x32");
        shape = Arrays.stream(sizes.split("x")).mapToLong(Long::parseLong).toArray();
    }

    @Override
    public Integer call() throws IOException {
        Notebook notebook = new Notebook(command.commandLine().getOut());
        Network network = SavedModel.read(file);
        notebook.say("%s: %s", file.getFileName(), network);
        long[] sizes = shape != null ? shape : SavedModel.inputShape(file).or(network::vectorSize).orElseThrow(() -> new ParameterException(
                command.commandLine(), "--input is needed: " + file.getFileName() + " does not tell the sizes of its input"));
        OnnxExport export = network.model() instanceof ComputationGraph graph ? OnnxExport.of(graph, type(sizes))
                : OnnxExport.of((MultiLayerNetwork) network.model(), type(sizes));
        (fullRange ? export.fullRange() : export).write(onnx);

        notebook.say("Written: %s, %,d bytes", onnx, Files.size(onnx));
        notebook.say("Next: run it, in Python with onnxruntime.InferenceSession(\"%s\").run(None, {\"%s\": x}), where x has the shape [N, %s].", onnx,
                input(network), LongStream.of(sizes).mapToObj(String::valueOf).collect(Collectors.joining(", ")));
        return CommandLine.ExitCode.OK;
    }

    private static String input(Network network) {
        return network.model() instanceof ComputationGraph graph ? graph.getConfiguration().getNetworkInputs().get(0) : GraphEdit.INPUT;
    }

    /** The type of arrays with an axis for the examples and axes of these sizes. */
    static InputType type(long[] sizes) {
        return switch (sizes.length) {
            case 1 -> InputType.feedForward(sizes[0]);
            case 2 -> InputType.recurrent(sizes[0], sizes[1]);
            default -> InputType.convolutional(sizes[1], sizes[2], sizes[0]);
        };
    }
}
