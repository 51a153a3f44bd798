package org.multipoint.samples;

import com.github.freva.asciitable.AsciiTable;
import com.github.freva.asciitable.Column;
import com.github.freva.asciitable.ColumnData;
import com.github.freva.asciitable.HorizontalAlign;
import me.tongfei.progressbar.ProgressBar;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.SerializationFeature;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Function;

/** Measures how long a network takes, in several ways of running it that take turns. */
@Command(name = "bench", description = {"Measures how long a network takes in Deeplearning4j, on this project's engines, and in ONNX "
        + "Runtime. All take turns in one process, each with the same number of threads."})
final class BenchCommand implements Callable<Integer> {

    /** Names the newest instructions that oneDNN may use. */
    private static final String ISA = "ONEDNN_MAX_CPU_ISA";

    @Spec
    private CommandSpec command;

    @Option(names = "--net", required = true, paramLabel = "resnet18|mobilenetv1|FILE",
            description = "An architecture with random weights, or a model saved by Deeplearning4j or, as .h5, by Keras.")
    private String net;

    @Option(names = "--size", defaultValue = "224", paramLabel = "PIXELS", description = "Height and width of an image; default ${DEFAULT-VALUE}.")
    private int size;

    @Option(names = "--batch", defaultValue = "1", paramLabel = "N", description = "Images in a batch; default ${DEFAULT-VALUE}.")
    private int batch;

    @Option(names = "--threads", defaultValue = "1", paramLabel = "T", description = "Threads that run a batch; default ${DEFAULT-VALUE}.")
    private int threads;

    @Option(names = "--seconds", defaultValue = "30", paramLabel = "S", description = "Time for all together; default ${DEFAULT-VALUE}.")
    private double seconds;

    @Option(names = "--json", paramLabel = "FILE", description = "Writes the results as a JSON object.")
    private Path json;

    /** What was measured, for other programs. Names and meanings of fields stay. */
    record Results(String cpu, String net, int batch, int threads, List<Result> results) {
    }

    /** Milliseconds of one batch. */
    record Result(String name, double medianMs, double p10Ms) {
    }

    /** Entry point of the process that measures. */
    public static void main(String[] arguments) {
        System.setProperty("org.bytedeco.javacpp.logger", "slf4j");
        System.exit(new CommandLine(new BenchCommand()).execute(arguments));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        check("--size", size > 0);
        check("--batch", batch > 0);
        check("--threads", threads > 0);
        check("--seconds", seconds > 0);
        // OpenMP reads its environment when the first library loads it, and all engines but ONNX Runtime live on OpenMP.
        Map<String, String> environment = Map.of("OMP_NUM_THREADS", String.valueOf(threads), "OMP_WAIT_POLICY", "PASSIVE");
        if (!System.getenv().entrySet().containsAll(environment.entrySet())) {
            return ChildJvm.run(environment, BenchCommand.class, arguments());
        }
        measure();
        return CommandLine.ExitCode.OK;
    }

    private void check(String option, boolean positive) {
        if (!positive) {
            throw new ParameterException(command.commandLine(), option + " must be positive");
        }
    }

    private List<String> arguments() {
        List<String> arguments = new ArrayList<>(List.of("--net", net, "--size", String.valueOf(size), "--batch", String.valueOf(batch),
                "--threads", String.valueOf(threads), "--seconds", String.valueOf(seconds)));
        if (json != null) {
            arguments.addAll(List.of("--json", json.toString()));
        }
        return arguments;
    }

    private void measure() throws IOException {
        String cpu = Processor.describe();
        List<Contest.Timing> timings;
        Map<String, Double> errors = new HashMap<>();
        List<Contestant> contestants = new Contestants(BenchNetwork.load(net, size), batch, this::log).all(threads);
        try {
            float[] expected = contestants.get(0).run();
            contestants.forEach(c -> errors.put(c.name(), error(expected, c.run())));
            try (ProgressBar bar = new ProgressBar("measuring", Math.round(seconds))) {
                timings = Contest.run(contestants, seconds, passed -> bar.stepTo(Math.round(passed)));
            }
        } finally {
            contestants.forEach(Contestant::close);
        }
        System.out.printf("%s%n%s, batch %d, %d thread(s)%s%n%s%n", cpu, net, batch, threads,
                Optional.ofNullable(System.getenv(ISA)).map(isa -> ", " + ISA + "=" + isa + " (binds oneDNN, not ONNX Runtime)").orElse(""),
                table(timings, errors));
        if (json != null) {
            write(new Results(cpu, net, batch, threads,
                    timings.stream().map(t -> new Result(t.name(), t.medianMs(), t.p10Ms())).toList()));
        }
    }

    private void log(String line) {
        command.commandLine().getErr().println("bench: " + line);
    }

    /** Euclidean distance, relative to the length of what is expected. */
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

    private String table(List<Contest.Timing> timings, Map<String, Double> errors) {
        List<ColumnData<Contest.Timing>> columns = new ArrayList<>(List.of(
                Tables.text("", Contest.Timing::name),
                Tables.number("median ms", t -> format("%.2f", t.medianMs())),
                Tables.number("p10 ms", t -> format("%.2f", t.p10Ms())),
                Tables.number("runs", t -> String.valueOf(t.runs()))));
        for (String reference : List.of(Contestants.ONNX_RUNTIME_INT8, Contestants.DL4J)) {
            timings.stream().filter(t -> t.name().equals(reference)).findFirst().ifPresent(r ->
                    columns.add(Tables.number("x " + reference, t -> format("%.3f", t.medianMs() / r.medianMs()))));
        }
        columns.add(Tables.number("output error", t -> format("%.1e", errors.get(t.name()))));
        return AsciiTable.getTable(AsciiTable.BASIC_ASCII_NO_DATA_SEPARATORS, timings, columns);
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }

    private void write(Results results) throws IOException {
        Path whole = json.toAbsolutePath();
        Path part = Files.createTempFile(whole.getParent(), whole.getFileName().toString(), ".part");
        new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValue(part.toFile(), results);
        Files.move(part, whole, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
