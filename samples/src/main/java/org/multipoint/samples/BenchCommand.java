package org.multipoint.samples;

import org.multipoint.internal.text.TextTable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Stream;

/** Measures the time of a forward pass of one network on several engines, which take turns. */
@Command(name = "bench", description = {"Measures how long a network takes in Deeplearning4j, on this project's engines, and in ONNX "
        + "Runtime. All take turns in one process, each with the same number of threads. Options for layers apply to what this project "
        + "quantizes, not to ONNX Runtime's."})
final class BenchCommand implements Callable<Integer> {

    /** The environment variable that limits the instruction sets that oneDNN may use. */
    private static final String ISA = "ONEDNN_MAX_CPU_ISA";

    /** The environment variable that says how often GNU OpenMP's threads look for work before they sleep. */
    private static final String SPIN_COUNT = "GOMP_SPINCOUNT";
    /** Some ten microseconds: longer than from one operation of a segment to the next, shorter than all that comes between two runs. */
    private static final String SHORT_SPIN = "20000";
    /** The environment variable that keeps each thread of OpenMP on a processor of its own. */
    private static final String BIND = "OMP_PROC_BIND";

    @Spec
    private CommandSpec command;

    @Option(names = "--net", required = true, paramLabel = "resnet18|mobilenetv1|FILE",
            description = "An architecture with random weights, or a model saved by Deeplearning4j or, as .h5, by Keras.")
    private String net;

    @Option(names = "--size", paramLabel = "PIXELS",
            description = "Height and width of the network's input; else as the model says, or 224.")
    private Integer size;

    @Option(names = "--batch", defaultValue = "1", paramLabel = "N", description = "Images in a batch; default ${DEFAULT-VALUE}.")
    private int batch;

    @Option(names = "--threads", defaultValue = "1", paramLabel = "T", description = "Threads that run a batch; default ${DEFAULT-VALUE}.")
    private int threads;

    @Option(names = "--seconds", defaultValue = "30", paramLabel = "S", description = "Time for all together; default ${DEFAULT-VALUE}.")
    private double seconds;

    @Option(names = "--serve", paramLabel = "DIR", description = "Instead of measuring, writes the network in fp32 and quantized as ONNX models "
            + "to this folder, with an input, and then runs the compiled networks as lines of NAME MILLISECONDS on standard input ask; prints the "
            + "milliseconds of each run. For a comparison with engines that have no Java package.")
    private Path served;

    @Mixin
    private LayerOptions layers;

    @Mixin
    private JsonOption json;

    /** The results as JSON. Names and meanings of fields are stable. */
    record Results(String cpu, String net, int batch, int threads, List<Result> results) {
    }

    /** Milliseconds of one batch. */
    record Result(String name, double medianMs, double p10Ms) {
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Arguments.positive(command, "--size", size == null ? 1 : size);
        Arguments.positive(command, "--batch", batch);
        Arguments.positive(command, "--threads", threads);
        Arguments.checked(command, "--seconds", seconds, seconds > 0, "more than 0");
        // OpenMP reads its environment when the first library loads it, and all engines but ONNX Runtime use OpenMP.
        Map<String, String> environment = new HashMap<>(Map.of("OMP_NUM_THREADS", String.valueOf(threads)));
        if (Stream.of(Samples.WAIT_POLICY, SPIN_COUNT).noneMatch(System.getenv()::containsKey)) {
            environment.put(Samples.WAIT_POLICY, Samples.PATIENT);
            if (threads > 1) {
                environment.put(SPIN_COUNT, SHORT_SPIN);
            }
        }
        // ONNX Runtime's threads would inherit the one processor of the thread that starts them, as would those of the parts of a batch.
        if (threads > 1 && batch == 1 && served != null && !System.getenv().containsKey(BIND)) {
            environment.put(BIND, "true");
        }
        if (!System.getenv().entrySet().containsAll(environment.entrySet())) {
            return ChildJvm.run(environment, Samples.class, command.root().commandLine().getParseResult().originalArgs(),
                    served == null ? command.commandLine().getOut() : null);
        }
        if (served == null) {
            measure();
        } else {
            serve();
        }
        return CommandLine.ExitCode.OK;
    }

    private void measure() throws IOException {
        String cpu = Processor.describe();
        List<InterleavedBenchmark.Timing> timings;
        Map<String, Double> errors = new HashMap<>();
        try (BenchmarkSubjects made = new BenchmarkSubjects(BenchNetwork.load(net, size), batch, layers, this::log)) {
            List<BenchmarkSubject> subjects = made.all(threads);
            float[] expected = subjects.get(0).run();
            subjects.forEach(c -> errors.put(c.name(), error(expected, c.run())));
            try (Progress progress = Progress.of("measuring, seconds", Math.round(seconds))) {
                timings = InterleavedBenchmark.run(subjects, seconds, passed -> progress.stepTo(Math.round(passed)));
            }
        }
        String limit = System.getenv(ISA);
        Notebook notebook = new Notebook(command.commandLine().getOut());
        notebook.say("%s", cpu);
        notebook.say("%s, batch %d, %d thread(s)%s", net, batch, threads,
                limit == null ? "" : ", " + ISA + "=" + limit + ", which oneDNN obeys and ONNX Runtime does not");
        notebook.say("%s", table(timings, errors));
        notebook.say("Output error is the distance from %s's output, relative to its length. Random weights multiply what rounding does;%n"
                + "it says that the same network runs in all rows, not how well a trained one is quantized.", BenchmarkSubjects.DL4J);
        json.write(() -> new Results(cpu, net, batch, threads,
                timings.stream().map(t -> new Result(t.name(), t.medianMs(), t.p10Ms())).toList()), notebook);
        notebook.next("quantize a trained network", "quickstart");
    }

    private void serve() throws IOException {
        Files.createDirectories(served);
        try (BenchmarkSubjects made = new BenchmarkSubjects(BenchNetwork.load(net, size), batch, layers, this::log)) {
            BenchServer server = new BenchServer(made.compiled(served));
            server.writeOutputs(served);
            server.serve(new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)), command.commandLine().getOut());
        }
    }

    private void log(String line) {
        command.commandLine().getErr().println("bench: " + line);
    }

    /** Euclidean distance, relative to the norm of the expected output. */
    private static double error(float[] expected, float[] found) {
        double distance = 0;
        double length = 0;
        for (int i = 0; i < expected.length; i++) {
            double d = found[i] - expected[i];
            distance += d * d;
            length += (double) expected[i] * expected[i];
        }
        return Math.sqrt(distance / length);
    }

    private static String table(List<InterleavedBenchmark.Timing> timings, Map<String, Double> errors) {
        TextTable<InterleavedBenchmark.Timing> table = new TextTable<InterleavedBenchmark.Timing>()
                .text("", InterleavedBenchmark.Timing::name)
                .number("median ms", number("%.2f", InterleavedBenchmark.Timing::medianMs))
                .number("p10 ms", number("%.2f", InterleavedBenchmark.Timing::p10Ms)).optional(1)
                .number("runs", t -> String.valueOf(t.runs())).optional(2);
        for (String reference : List.of(BenchmarkSubjects.ONNX_RUNTIME_INT8, BenchmarkSubjects.DL4J)) {
            timings.stream().filter(t -> t.name().equals(reference)).findFirst()
                    .ifPresent(r -> table.number("x " + reference, number("%.3f", t -> t.medianMs() / r.medianMs())));
        }
        return table.number("output error", number("%.1e", t -> errors.get(t.name()))).toString(timings, Terminal.textColumns());
    }

    private static Function<InterleavedBenchmark.Timing, String> number(String format,
                                                                        Function<InterleavedBenchmark.Timing, Double> value) {
        return t -> String.format(Locale.ROOT, format, value.apply(t));
    }
}
