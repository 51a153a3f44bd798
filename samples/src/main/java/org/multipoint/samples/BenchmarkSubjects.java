package org.multipoint.samples;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.multipoint.internal.engine.Engines;
import org.multipoint.internal.graph.EngineRunners;
import org.multipoint.internal.ops.Tensor;
import org.multipoint.onnx.OnnxExport;
import org.multipoint.onnxruntime.OnnxRuntimeNetwork;
import org.multipoint.onnxruntime.StaticQuantization;
import org.multipoint.options.Method;
import org.multipoint.options.MultipointOptions;
import org.multipoint.segments.Additions;
import org.multipoint.segments.Segments;
import org.multipoint.transform.Multipoint;
import org.multipoint.transform.MultipointModels;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.dataset.adapter.SingletonMultiDataSetIterator;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** The ways of running one network that the benchmark compares; closing this closes all. */
final class BenchmarkSubjects implements AutoCloseable {

    /** The reference that all others must agree with. */
    static final String DL4J = "dl4j-fp32";
    static final String ONNX_RUNTIME_INT8 = "onnxruntime-int8";
    private static final String COMPILED = "engine-fp32";
    private static final String FUSED = "multipoint-fused";
    /** As {@link #FUSED}, with additions of integers. */
    private static final String ADDING_INTEGERS = "multipoint-int-add";

    private static final int BITS = 4;
    private static final double EXTRA_POINTS = 0.10;
    /** Calibration serves only to set ranges of activations and to spread extra points; accuracy is measured elsewhere. */
    private static final int CALIBRATION_EXAMPLES = 2;
    private static final int POSITIONS_PER_IMAGE = 16;

    private final BenchNetwork network;
    private final INDArray input;
    private final INDArray calibration;
    private final LayerOptions layers;
    private final Consumer<String> log;
    private final List<BenchmarkSubject> subjects = new ArrayList<>();

    /**
     * @param batch  examples in the input that all are run on
     * @param layers how layers are quantized
     * @param log    receives a line for each step, and for each way that is left out
     */
    BenchmarkSubjects(BenchNetwork network, int batch, LayerOptions layers, Consumer<String> log) {
        this.network = network;
        this.layers = layers;
        this.log = log;
        input = network.examples(batch, 1);
        calibration = network.examples(CALIBRATION_EXAMPLES, 2);
    }

    /** All of them, {@link #DL4J} first. */
    List<BenchmarkSubject> all(int threads) {
        add(DL4J, network.graph());
        log.accept("compiling segments");
        EngineRunners.of(add("nd4j-fp32", Segments.compile(network.graph()).graph())).forEach(r -> r.runOn(Engines.nd4j()));
        add(COMPILED, Segments.compile(network.graph()).graph());
        ComputationGraph quantized = quantized();
        add("multipoint-layers", quantized);
        add(FUSED, Segments.compile(quantized).graph());
        add(ADDING_INTEGERS, Segments.compile(quantized, Additions.INTEGER).graph());
        addOnnxRuntime(threads);
        return subjects;
    }

    /**
     * The compiled ones, in fp32 and quantized. What they compute is written to a folder, for other engines: {@code fp32.onnx} and
     * {@code quantized.onnx}, which holds the same integers, {@code int-add.onnx}, which also adds integers, their input in {@code input.bin}, and
     * {@code static.onnx}, which ONNX Runtime's static quantization would make.
     */
    List<BenchmarkSubject> compiled(Path folder) throws IOException {
        add(COMPILED, Segments.compile(network.graph()).graph());
        ComputationGraph quantized = quantized();
        add(FUSED, Segments.compile(quantized).graph());
        add(ADDING_INTEGERS, Segments.compile(quantized, Additions.INTEGER).graph());
        log.accept("exporting to ONNX");
        OnnxExport.of(network.graph(), ExportCommand.type(network.example())).write(folder.resolve("fp32.onnx"));
        OnnxExport integers = OnnxExport.of(quantized, ExportCommand.type(network.example()));
        integers.write(folder.resolve("quantized.onnx"));
        integers.additions(Additions.INTEGER).write(folder.resolve("int-add.onnx"));
        BenchServer.write(folder.resolve("input.bin"), Tensor.of(input).data());
        Files.write(folder.resolve("static.onnx"), new StaticQuantization(network.graph(), calibration).quantized(Processor.saturates()));
        return subjects;
    }

    private ComputationGraph quantized() {
        log.accept("quantizing");
        return layers.apply(Multipoint.of(network.graph()))
                .calibrate(new SingletonMultiDataSetIterator(new MultiDataSet(calibration, null)))
                .method(Method.GREEDY).bits(BITS).extraPoints(EXTRA_POINTS)
                .options(MultipointOptions.builder().positionsPerImage(POSITIONS_PER_IMAGE).build())
                .transform().model();
    }

    private ComputationGraph add(String name, ComputationGraph graph) {
        add(name, () -> {
            INDArray[] outputs = graph.output(input);
            List<float[]> values = Arrays.stream(outputs).map(output -> Tensor.of(output).data()).toList();
            Arrays.stream(outputs).forEach(INDArray::close);
            return joined(values);
        }, () -> {
            MultipointModels.close(graph);
            graph.close();
        });
        return graph;
    }

    @Override
    public void close() {
        subjects.forEach(BenchmarkSubject::close);
    }

    private void addOnnxRuntime(int threads) {
        log.accept("exporting to ONNX");
        try {
            StaticQuantization peer = new StaticQuantization(network.graph(), calibration);
            addOnnxRuntime("onnxruntime-fp32", peer.floating(), threads);
            addOnnxRuntime(ONNX_RUNTIME_INT8, peer.quantized(Processor.saturates()), threads);
        } catch (IllegalArgumentException e) {
            log.accept("ONNX Runtime is left out: " + e.getMessage());
        } catch (LinkageError e) {
            log.accept("ONNX Runtime is left out, it cannot be loaded (" + e
                    + "): com.microsoft.onnxruntime:onnxruntime for this platform must be on the class path");
        }
    }

    private void addOnnxRuntime(String name, byte[] model, int threads) {
        OnnxRuntimeNetwork runtime = new OnnxRuntimeNetwork(model, Map.of(network.graph().getConfiguration().getNetworkInputs().get(0), input),
                threads);
        add(name, () -> joined(runtime.run().values()), runtime::close);
    }

    private static float[] joined(Collection<float[]> outputs) {
        if (outputs.size() == 1) {
            return outputs.iterator().next();
        }
        FloatBuffer all = FloatBuffer.allocate(outputs.stream().mapToInt(output -> output.length).sum());
        outputs.forEach(all::put);
        return all.array();
    }

    private void add(String name, Supplier<float[]> run, Runnable close) {
        subjects.add(new BenchmarkSubject() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public float[] run() {
                return run.get();
            }

            @Override
            public void close() {
                close.run();
            }
        });
    }
}
