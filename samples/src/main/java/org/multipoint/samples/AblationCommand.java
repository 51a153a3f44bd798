package org.multipoint.samples;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.multipoint.datasets.ImageIterator;
import org.multipoint.formats.NumberFormat;
import org.multipoint.internal.files.AtomicFile;
import org.multipoint.options.Method;
import org.multipoint.options.MultipointOptions;
import org.multipoint.options.MultipointOptions.Clipping;
import org.multipoint.options.MultipointOptions.Granularity;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.ScaleLayout;
import org.multipoint.training.LowPrecision;
import org.multipoint.training.TensorKind;
import org.multipoint.transform.Multipoint;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** What each ingredient of the method is worth. */
@Command(name = "ablation", description = "Quantizes a ResNet for CIFAR-10 again and again: with each ingredient of the method off in turn, and "
        + "by the methods it is compared with.")
final class AblationCommand implements Callable<Integer> {

    private static final int CALIBRATION_IMAGES = 512;
    private static final int TEST_IMAGES = 10_000;
    private static final double EXTRA_POINTS = 0.10;
    private static final List<Integer> WIDTHS = List.of(4, 3, 2);
    private static final String FIGURES = "Figures are top-1 in %, bits for each weight with everything counted in brackets, and "
            + "the mean divergence of the class probabilities from those of fp32. Bits are those of the file; mixed precision and channel "
            + "splitting store 8-bit codes, and are counted as in a format made for them.";

    /** A way to quantize; the first is the default, those below it differ in one thing. */
    private static final Map<String, Consumer<Multipoint<?>>> VARIANTS = new LinkedHashMap<>();

    static {
        VARIANTS.put("calibrated", m -> { });
        VARIANTS.put("without target matching", with(o -> o.targetMatching(false)));
        VARIANTS.put("without shortcut matching", with(o -> o.shortcutMatching(false)));
        VARIANTS.put("without quantized inputs", with(o -> o.quantizedInputs(false)));
        VARIANTS.put("without bias correction", with(o -> o.biasCorrection(false)));
        VARIANTS.put("without extra points", m -> m.points(1));
        VARIANTS.put("codes with a zero only", with(o -> o.grid(CodeGrid.SYMMETRIC)));
        VARIANTS.put("codes without a zero only", with(o -> o.grid(CodeGrid.ODD)));
        VARIANTS.put("a scale for each point", with(o -> o.scales(ScaleLayout.PER_POINT)));
        VARIANTS.put("ranges from min to max", with(o -> o.clipping(Clipping.MIN_MAX)));
        VARIANTS.put("activations in fp32", m -> m.activationBits(0));
        VARIANTS.put("mixed precision", m -> m.method(Method.MIXED_PRECISION));
        VARIANTS.put("greedy", m -> m.method(Method.GREEDY));
        VARIANTS.put("greedy, a step per layer", with(o -> o.granularity(Granularity.LAYER)).andThen(m -> m.method(Method.GREEDY)));
        VARIANTS.put("channel splitting", m -> m.method(Method.CHANNEL_SPLITTING));
        VARIANTS.put("nearest", m -> m.method(Method.NEAREST));
        VARIANTS.put("nearest, a step per layer", with(o -> o.granularity(Granularity.LAYER)).andThen(m -> m.method(Method.NEAREST)));
    }

    /** Numbers of few bits that weights are rounded to, one by one. */
    private static final List<NumberFormat> FORMATS = List.of(NumberFormat.FP16, NumberFormat.BF16, NumberFormat.E4M3, NumberFormat.E5M2);
    private static final String FORMATS_TITLE = "Weights in floating-point formats, activations in fp32";

    @Spec
    private CommandSpec command;

    @Mixin
    private Cifar10Data data;

    @Mixin
    private CalibrationCount calibrationCount;

    @Mixin
    private LayerOptions layers;

    @Option(names = "--rows", split = ",", paramLabel = "TEXT", description = "Measures the rows alone that have one of these in their name.")
    private List<String> wanted = List.of("");

    private int testImages;
    private Path markdown;
    private Map<String, Consumer<Multipoint<?>>> variants;
    private Network network;
    private ImageIterator calibration;
    private ImageIterator test;
    private Evaluations.Result original;

    @Option(names = "--test", defaultValue = "" + TEST_IMAGES, paramLabel = "N", description = "Images to evaluate on; default ${DEFAULT-VALUE}.")
    void setTest(int images) {
        testImages = Arguments.positive(command, "--test", images);
    }

    @Option(names = "--markdown", paramLabel = "FILE.md", description = "Writes the table as Markdown.")
    void setMarkdown(Path file) {
        markdown = Arguments.writable(command, "--markdown", file);
    }

    private record Row(String name, List<String> outcomes) {
    }

    @Override
    public Integer call() throws IOException {
        Notebook notebook = new Notebook(command.commandLine().getOut());
        variants = new LinkedHashMap<>(VARIANTS);
        variants.keySet().removeIf(name -> !isWanted(name));
        Arguments.checked(command, "--rows", String.join(",", wanted), !variants.isEmpty() || FORMATS.stream().anyMatch(f -> isWanted(f.toString())),
                "a part of the name of a row");
        network = data.network();
        if (!network.isPlain()) {
            throw new IllegalArgumentException(data.name() + " is " + network + ": expected a network in fp32");
        }
        try (ImageIterator train = data.images("train", network.format(), calibrationCount.or(CALIBRATION_IMAGES));
             ImageIterator others = data.images("test", network.format(), testImages)) {
            calibration = train;
            test = others;
            notebook.step("%s, calibrated on %,d images, evaluated on %,d", data.name(), train.totalExamples(), others.totalExamples());
            original = Evaluations.evaluate("fp32", network.compiled(), test);
            notebook.say("fp32: top-1 %.2f %%", 100 * original.top1());

            notebook.step("Each ingredient off in turn, and other methods, %.0f %% extra points", 100 * EXTRA_POINTS);
            notebook.say("%s", FIGURES);
            notebook.estimate("Evaluation of the " + variants.size() * WIDTHS.size() + " networks alone, without quantizing them,",
                    variants.size() * WIDTHS.size() * original.seconds());
            List<Row> rows = ingredients(notebook);
            notebook.step(FORMATS_TITLE);
            List<Row> formats = formats(notebook);

            if (markdown != null) {
                AtomicFile.write(markdown, part -> Files.writeString(part, asMarkdown(rows, formats), StandardCharsets.UTF_8));
                notebook.say("Table: %s", markdown);
            }
        }
        notebook.next("see what stored bits buy", "curve" + Arguments.asGiven(command, "--data", "--model"));
        return 0;
    }

    private boolean isWanted(String name) {
        return wanted.stream().anyMatch(name::contains);
    }

    private List<Row> ingredients(Notebook notebook) {
        List<Row> rows = new ArrayList<>();
        notebook.say("%s", line("method", WIDTHS.stream().map(bits -> bits + " bits").toList()));
        try (Progress progress = Progress.of("variants", (long) variants.size() * WIDTHS.size())) {
            variants.forEach((name, variant) -> {
                List<String> outcomes = new ArrayList<>();
                for (int bits : WIDTHS) {
                    Multipoint<?> multipoint = layers.apply(network.quantizer()).bits(bits).extraPoints(EXTRA_POINTS);
                    variant.accept(multipoint);
                    long start = System.nanoTime();
                    outcomes.add(figures(Trial.of(multipoint, calibration, test, original)));
                    progress.stepBy(1);
                    if (rows.isEmpty() && outcomes.size() == 1) {
                        notebook.estimate("The other " + (variants.size() * WIDTHS.size() - 1) + " networks",
                                (variants.size() * WIDTHS.size() - 1) * (System.nanoTime() - start) / 1e9);
                    }
                }
                rows.add(new Row(name, outcomes));
                notebook.say("%s", line(name, outcomes));
            });
        }
        return rows;
    }

    /** What remains of the network when its weights are rounded to numbers of few bits. */
    private List<Row> formats(Notebook notebook) {
        List<Row> rows = new ArrayList<>();
        for (NumberFormat format : FORMATS.stream().filter(f -> isWanted(f.toString())).toList()) {
            LowPrecision<?> rounded = network.model() instanceof ComputationGraph graph ? LowPrecision.of(graph)
                    : LowPrecision.of((MultiLayerNetwork) network.model());
            Network plain = new Network(rounded.round(format, TensorKind.MASTER).build().plain());
            Evaluations.Result found = Evaluations.evaluate(format.toString(), plain.compiled(), test, original.outputs());
            rows.add(new Row(format.toString(), List.of(figures(found.top1(), format.bits(), found.divergence()))));
            notebook.say("%s", line(format.toString(), rows.get(rows.size() - 1).outcomes));
        }
        return rows;
    }

    private static String figures(Trial trial) {
        return figures(trial.top1(), trial.report().notionalBitsPerWeight(), trial.divergence());
    }

    private static String figures(double top1, double bits, double divergence) {
        return String.format(Locale.ROOT, "%.2f (%.2f) %.4f", 100 * top1, bits, divergence);
    }

    /** A variant that differs from the default in its options. */
    private static Consumer<Multipoint<?>> with(UnaryOperator<MultipointOptions.Builder> option) {
        return m -> m.options(option.apply(MultipointOptions.builder()).build());
    }

    /** A line of a table that is shown as it grows. */
    private static String line(String name, List<?> values) {
        return String.format("%-26s", name) + values.stream().map(v -> String.format("%22s", v)).collect(Collectors.joining());
    }

    private String asMarkdown(List<Row> rows, List<Row> formats) {
        StringBuilder text = new StringBuilder(String.format(Locale.ROOT, "%s: fp32 %.2f %% top-1 on %,d images, calibrated on %,d, %.0f %% "
                + "extra points. %s%n%n", data.name(), 100 * original.top1(), test.totalExamples(), calibration.totalExamples(),
                100 * EXTRA_POINTS, FIGURES));
        text.append(row("method", WIDTHS.stream().map(bits -> bits + " bits").toList())).append("|---|")
                .append("---:|".repeat(WIDTHS.size())).append('\n');
        rows.forEach(row -> text.append(row(row.name, row.outcomes)));
        text.append('\n').append(FORMATS_TITLE).append(":\n\n").append(row("format", List.of("top-1"))).append("|---|---:|\n");
        formats.forEach(row -> text.append(row(row.name, row.outcomes)));
        return text.toString();
    }

    private static String row(String name, List<?> values) {
        return "| " + name + " |" + values.stream().map(v -> " " + v + " |").collect(Collectors.joining()) + "\n";
    }
}
