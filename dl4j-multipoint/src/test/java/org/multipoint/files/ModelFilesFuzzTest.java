package org.multipoint.files;

import com.sun.management.ThreadMXBean;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.multipoint.options.Method;
import org.multipoint.segments.Segments;
import org.multipoint.testing.ForkedJvm;
import org.multipoint.testing.Reliability;
import org.multipoint.testing.TestNets;
import org.multipoint.transform.Multipoint;
import org.multipoint.transform.MultipointModels;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * Files of models that were altered at random are read to a right model or refused by the one exception for it: in processes of their
 * own with little memory, which must not end by themselves. {@code -Dorg.multipoint.models=N} sets the number of altered files.
 */
@Tag(Reliability.TAG)
class ModelFilesFuzzTest {

    private static final int INPUTS = Integer.getInteger("org.multipoint.models", Reliability.times(1500, 100_000));
    private static final int FIRST = Integer.getInteger("org.multipoint.models.first", 0);
    /** Inputs of one process. */
    private static final int BATCH = 10_000;
    private static final List<String> LITTLE_MEMORY = List.of("-Xmx192m", "-Dorg.bytedeco.javacpp.maxbytes=128m",
            "-Dorg.bytedeco.javacpp.maxphysicalbytes=1500m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error");
    /** Heap that reading an input may ask for: in any case, and for each byte of the file. */
    private static final long BYTES_ALWAYS = 32L << 20;
    private static final long BYTES_PER_BYTE = 200;
    /** A process whose input takes as long as this ends itself. */
    private static final long HANG_SECONDS = 60;

    private static final Layer[] IMAGES = {
            new ConvolutionLayer.Builder(3, 3).convolutionMode(ConvolutionMode.Same).nOut(6).activation(Activation.IDENTITY).build(),
            new BatchNormalization(),
            new DepthwiseConvolution2D.Builder(3, 3).nOut(6).activation(Activation.RELU).build(),
            new DenseLayer.Builder().nOut(9).activation(Activation.RELU).build(),
            new OutputLayer.Builder(LossFunction.MCXENT).nOut(3).activation(Activation.SOFTMAX).build()};
    private static final InputType IMAGE = InputType.convolutional(7, 7, 2);

    /** Models of each kind; their names end in the shape of their input. */
    static void corpus(Path folder) throws IOException {
        ComputationGraph source = TestNets.chain(IMAGE, IMAGES);
        ComputationGraph packed = Multipoint.of(source).bits(3).calibrate(TestNets.iterator(1, 2, 3, 4, 2, 7, 7)).transform().model();
        ModelFiles.write(source, folder.resolve("plain-2x2x7x7.zip"));
        ModelFiles.write(packed, folder.resolve("packed-2x2x7x7.zip"));
        ModelFiles.write(Segments.compile(packed).graph(), folder.resolve("compiled-2x2x7x7.zip"));
        ModelFiles.write(Multipoint.of(TestNets.network(IMAGE, IMAGES)).method(Method.CODED).storedBits(7).leaveOut("layer3")
                .calibrate(TestNets.iterator(1, 2, 3, 4, 2, 7, 7)).transform().model(), folder.resolve("network-2x2x7x7.zip"));
        ModelFiles.write(Multipoint.of(TestNets.chain(InputType.recurrent(4, 5), new LSTM.Builder().nOut(5).activation(Activation.TANH).build(),
                        new RnnOutputLayer.Builder(LossFunction.MCXENT).nOut(3).activation(Activation.SOFTMAX).build()))
                .calibrate(TestNets.iterator(1, 2, 1, 4, 4, 5)).transform().model(), folder.resolve("recurrent-2x4x5.zip"));
    }

    @Test
    void anyFileIsReadOrRefused(@TempDir Path folder) throws Exception {
        corpus(folder);
        long read = 0;
        long refused = 0;
        long slowest = 0;
        long hungriest = 0;
        for (int from = FIRST; from < FIRST + INPUTS; from += BATCH) {
            int to = Math.min(FIRST + INPUTS, from + BATCH);
            String printed = ForkedJvm.run(Map.of(), Duration.ofMinutes(30), LITTLE_MEMORY, ModelFilesFuzzTest.class, folder.toString(), "" + from, "" + to);
            MatchResult found = Pattern.compile("read (\\d+) refused (\\d+) slowest (\\d+) hungriest (\\d+)").matcher(printed).results()
                    .findFirst().orElseThrow(() -> new AssertionError(printed));
            read += Long.parseLong(found.group(1));
            refused += Long.parseLong(found.group(2));
            slowest = Math.max(slowest, Long.parseLong(found.group(3)));
            hungriest = Math.max(hungriest, Long.parseLong(found.group(4)));
        }
        Reliability.figure("%,d altered files of models: %,d read, %,d refused; at most %,d ms of CPU time and %,d KiB of heap each",
                INPUTS, read, refused, slowest, hungriest >> 10);
        assertTrue(read > INPUTS / 20, read + " were read");
        assertTrue(refused > INPUTS / 3, refused + " were refused");
    }

    /** An unaltered model, and what it computes. */
    private record Original(byte[] file, Model model, String json, INDArray input, float[] output) {

        static Original of(Path path) {
            try {
                String shape = path.getFileName().toString().replaceAll(".*-|\\.zip", "");
                INDArray input = TestNets.random(5, Arrays.stream(shape.split("x")).mapToLong(Long::parseLong).toArray());
                Model model = read(path, path.getFileName().toString().startsWith("network"));
                return new Original(Files.readAllBytes(path), model, configuration(model), input, outputOf(model, input));
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }

        boolean equals(Model other) {
            return configuration(other).equals(json) && other.params().equalsWithEps(model.params(), 0);
        }
    }

    /** What the forked processes do. */
    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]);
        List<Original> originals;
        try (Stream<Path> files = Files.list(folder).filter(f -> f.toString().endsWith(".zip")).sorted()) {
            originals = files.map(Original::of).toList();
        }
        Path file = Files.createTempFile("altered", ".zip");
        Watchdog watchdog = new Watchdog(Thread.currentThread());
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        int read = 0;
        int refused = 0;
        long slowest = 0;
        long hungriest = 0;
        for (int i = Integer.parseInt(args[1]); i < Integer.parseInt(args[2]); i++) {
            Random random = new Random(i);
            Original original = originals.get(random.nextInt(originals.size()));
            byte[] altered = new ModelMutator(random).mutated(original.file);
            Files.write(file, altered);
            // What is printed last tells which input ended the process.
            watchdog.input(i);
            long allocated = threads.getCurrentThreadAllocatedBytes();
            long time = threads.getCurrentThreadCpuTime();
            Model model = null;
            try {
                model = read(file, original.model instanceof MultiLayerNetwork);
                read++;
            } catch (MalformedModelException expected) {
                refused++;
            } catch (Throwable e) {
                throw new AssertionError("input " + i, e);
            }
            slowest = Math.max(slowest, threads.getCurrentThreadCpuTime() - time);
            allocated = threads.getCurrentThreadAllocatedBytes() - allocated;
            hungriest = Math.max(hungriest, allocated);
            if (allocated > BYTES_ALWAYS + BYTES_PER_BYTE * altered.length) {
                throw new AssertionError("input " + i + " of " + altered.length + " bytes: " + allocated + " bytes of heap");
            }
            if (model != null) {
                use(model, original, i);
            }
        }
        watchdog.input(-1);
        Files.delete(file);
        System.out.println("read " + read + " refused " + refused + " slowest " + slowest / 1_000_000 + " hungriest " + hungriest);
    }

    private static Model read(Path file, boolean network) throws IOException {
        return network ? ModelFiles.readNetwork(file) : ModelFiles.readGraph(file);
    }

    /** A model that equals the original computes the same; any other one must not end the process. */
    private static void use(Model model, Original original, int i) {
        try {
            if (original.equals(model)) {
                if (!Arrays.equals(original.output, outputOf(model, original.input))) {
                    throw new AssertionError("input " + i + ": other outputs");
                }
            } else {
                try {
                    outputOf(model, original.input);
                } catch (RuntimeException e) {
                    // It may have become a model of other inputs, or of arrays beyond all memory; Deeplearning4j then leaves workspaces open.
                    Nd4j.getMemoryManager().setCurrentWorkspace(null);
                    Nd4j.getWorkspaceManager().destroyAllWorkspacesForCurrentThread();
                }
            }
        } finally {
            MultipointModels.close(model);
            model.params().close();
        }
    }

    private static String configuration(Model model) {
        return model instanceof ComputationGraph graph ? graph.getConfiguration().toJson()
                : ((MultiLayerNetwork) model).getLayerWiseConfigurations().toJson();
    }

    private static float[] outputOf(Model model, INDArray x) {
        INDArray y = model instanceof ComputationGraph graph ? graph.outputSingle(x) : ((MultiLayerNetwork) model).output(x);
        return y.dup('c').data().asFloat();
    }

    /** Ends a process whose input takes too long, and tells where it is. */
    private static final class Watchdog {

        private volatile int input = -1;
        private volatile long since;

        Watchdog(Thread main) {
            Thread thread = new Thread(() -> {
                while (true) {
                    if (input >= 0 && System.nanoTime() - since > HANG_SECONDS * 1_000_000_000L) {
                        System.out.println("input " + input + " hangs: " + Arrays.toString(main.getStackTrace()));
                        Runtime.getRuntime().halt(3);
                    }
                    try {
                        Thread.sleep(500);
                    } catch (InterruptedException e) {
                        return;
                    }
                }
            });
            thread.setDaemon(true);
            thread.start();
        }

        void input(int number) {
            since = System.nanoTime();
            input = number;
        }
    }
}
