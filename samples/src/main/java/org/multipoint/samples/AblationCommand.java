package org.multipoint.samples;

import com.github.freva.asciitable.ColumnData;
import me.tongfei.progressbar.ProgressBar;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.multipoint.calibration.Clipping;
import org.multipoint.datasets.ImageIterator;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.ScaleLayout;
import org.multipoint.quantizer.Granularity;
import org.multipoint.report.MultipointReport;
import org.multipoint.samples.models.CifarResNet;
import org.multipoint.transform.Method;
import org.multipoint.transform.Multipoint;
import org.multipoint.transform.MultipointResult;
import org.multipoint.transform.Segments;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.awt.Color;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;

/** What each ingredient of the method is worth, and what each stored bit buys. */
@Command(name = "ablation", description = "Quantizes a ResNet for CIFAR-10 again and again: with each ingredient of the method off in turn, by "
        + "the methods it is compared with, and over budgets from 2 to 6 stored bits for each weight.")
final class AblationCommand implements Callable<Integer> {

    private static final int CALIBRATION_IMAGES = 512;
    private static final int TEST_IMAGES = 10_000;
    private static final double EXTRA_POINTS = 0.10;
    private static final List<Integer> WIDTHS = List.of(4, 3, 2);
    private static final double[] BUDGETS = {2.1, 2.3, 2.6, 3.1, 3.5, 4.1, 5.1, 6.1};
    private static final int PLOT_WIDTH = 900;
    private static final int PLOT_HEIGHT = 600;

    /** A way to quantize; the first is the default, those below it differ in one thing. */
    private static final Map<String, UnaryOperator<Multipoint<ComputationGraph>>> VARIANTS = new LinkedHashMap<>();

    static {
        VARIANTS.put("calibrated", m -> m);
        VARIANTS.put("without target matching", m -> m.targetMatching(false));
        VARIANTS.put("without shortcut matching", m -> m.shortcutMatching(false));
        VARIANTS.put("without quantized inputs", m -> m.quantizedInputs(false));
        VARIANTS.put("without bias correction", m -> m.biasCorrection(false));
        VARIANTS.put("without extra points", m -> m.points(1));
        VARIANTS.put("codes with a zero only", m -> m.grid(CodeGrid.SYMMETRIC));
        VARIANTS.put("codes without a zero only", m -> m.grid(CodeGrid.ODD));
        VARIANTS.put("a scale for each point", m -> m.scales(ScaleLayout.PER_POINT));
        VARIANTS.put("ranges from min to max", m -> m.clipping(Clipping.MIN_MAX));
        VARIANTS.put("activations in fp32", m -> m.activationBits(0));
        VARIANTS.put("mixed precision", m -> m.method(Method.MIXED_PRECISION));
        VARIANTS.put("greedy", m -> m.method(Method.GREEDY));
        VARIANTS.put("greedy, a step per layer", m -> m.method(Method.GREEDY).granularity(Granularity.LAYER));
        VARIANTS.put("channel splitting", m -> m.method(Method.CHANNEL_SPLITTING));
        VARIANTS.put("nearest", m -> m.method(Method.NEAREST));
        VARIANTS.put("nearest, a step per layer", m -> m.method(Method.NEAREST).granularity(Granularity.LAYER));
    }

    private static final Map<String, Method> CURVES = Map.of("calibrated", Method.CALIBRATED, "greedy", Method.GREEDY,
            "mixed precision", Method.MIXED_PRECISION);

    @Spec
    private CommandSpec command;

    @Mixin
    private Cifar10Data data;

    @Mixin
    private CalibrationCount calibrationCount;

    @Option(names = "--test", defaultValue = "" + TEST_IMAGES, paramLabel = "N", description = "Images to evaluate on; default ${DEFAULT-VALUE}.")
    private int testImages;

    @Option(names = "--markdown", paramLabel = "FILE.md", description = "Writes the tables as Markdown.")
    private Path markdown;

    @Option(names = "--plot", paramLabel = "FILE.png", description = "Draws accuracy over stored bits.")
    private Path plot;

    private ComputationGraph network;
    private ImageIterator calibration;
    private ImageIterator test;

    /**
     * What came out.
     *
     * @param top1 share of images whose most likely class is right
     */
    private record Outcome(MultipointReport report, double top1) {
        @Override
        public String toString() {
            return String.format(Locale.ROOT, "%.2f (%.2f)", 100 * top1, report.storedBitsPerWeight());
        }
    }

    private record Row(String name, List<Outcome> outcomes) {
    }

    private record Point(double budget, Map<String, Outcome> outcomes) {
    }

    @Override
    public Integer call() throws IOException {
        Notebook notebook = new Notebook(command.commandLine().getOut());
        network = CifarResNet.load(data.weights());
        try (ImageIterator train = data.images("train", calibrationCount.or(CALIBRATION_IMAGES));
             ImageIterator others = data.images("test", testImages)) {
            calibration = train;
            test = others;
            notebook.step("%s, calibrated on %,d images, evaluated on %,d", data.name(), train.totalExamples(), others.totalExamples());
            double original = Evaluations.evaluate("fp32", Segments.compile(network).graph(), test).top1();
            notebook.say("fp32: top-1 %.2f %%", 100 * original);

            notebook.step("Each ingredient off in turn, and other methods: top-1 in %% (stored bits for each weight), %.0f %% extra points",
                    100 * EXTRA_POINTS);
            List<Row> rows = ingredients(notebook);
            notebook.say("%s", table(rows));

            notebook.step("What stored bits buy: top-1 in %%");
            List<Point> points = budgets();
            notebook.say("%s", curves(points));

            if (markdown != null) {
                AtomicFile.write(markdown, part -> Files.writeString(part, asMarkdown(original, rows, points), StandardCharsets.UTF_8));
                notebook.say("Tables: %s", markdown);
            }
            if (plot != null) {
                AtomicFile.write(plot, part -> draw(part, original, points));
                notebook.say("Plot: %s", plot);
            }
        }
        return 0;
    }

    private List<Row> ingredients(Notebook notebook) {
        List<Row> rows = new ArrayList<>();
        try (ProgressBar bar = Progress.bar("variants", (long) VARIANTS.size() * WIDTHS.size())) {
            VARIANTS.forEach((name, variant) -> {
                List<Outcome> outcomes = new ArrayList<>();
                for (int bits : WIDTHS) {
                    bar.setExtraMessage(name);
                    outcomes.add(outcome(variant.apply(quantizer(bits).extraPoints(EXTRA_POINTS))));
                    bar.step();
                }
                rows.add(new Row(name, outcomes));
                notebook.say("%s: %s", name, outcomes);
            });
        }
        return rows;
    }

    private List<Point> budgets() {
        List<Point> points = new ArrayList<>();
        try (ProgressBar bar = Progress.bar("budgets", (long) BUDGETS.length * CURVES.size())) {
            for (double budget : BUDGETS) {
                Map<String, Outcome> outcomes = new LinkedHashMap<>();
                curveNames().forEach(name -> {
                    outcomes.put(name, outcome(quantizer((int) budget).method(CURVES.get(name)).storedBits(budget)));
                    bar.step();
                });
                points.add(new Point(budget, outcomes));
            }
        }
        return points;
    }

    private static List<String> curveNames() {
        return CURVES.keySet().stream().sorted().toList();
    }

    private Multipoint<ComputationGraph> quantizer(int bits) {
        return Multipoint.of(network).calibrate(calibration).bits(bits);
    }

    private Outcome outcome(Multipoint<ComputationGraph> multipoint) {
        MultipointResult<ComputationGraph> result = multipoint.transform();
        ComputationGraph compiled = Segments.compile(result.model()).graph();
        return new Outcome(result.report(), Evaluations.top1(compiled, test));
    }

    private static String table(List<Row> rows) {
        return Tables.of(rows, List.of(Tables.text("method", Row::name), width(0), width(1), width(2)));
    }

    private static ColumnData<Row> width(int i) {
        return Tables.number(WIDTHS.get(i) + " bits", r -> r.outcomes.get(i).toString());
    }

    private static String curves(List<Point> points) {
        List<ColumnData<Point>> columns = new ArrayList<>();
        columns.add(Tables.number("budget", p -> String.valueOf(p.budget)));
        curveNames().forEach(name -> columns.add(Tables.number(name, p -> p.outcomes.get(name).toString())));
        return Tables.of(points, columns);
    }

    private String asMarkdown(double original, List<Row> rows, List<Point> points) {
        StringBuilder text = new StringBuilder(String.format(Locale.ROOT, "%s: fp32 %.2f %% top-1 on %,d images, calibrated on %,d. "
                + "Figures are top-1 in %% (stored bits for each weight, everything counted), %.0f %% extra points.%n%n",
                data.name(), 100 * original, test.totalExamples(), calibration.totalExamples(), 100 * EXTRA_POINTS));
        text.append("| method |");
        WIDTHS.forEach(bits -> text.append(' ').append(bits).append(" bits |"));
        text.append("\n|---|").append("---:|".repeat(WIDTHS.size())).append('\n');
        for (Row row : rows) {
            text.append("| ").append(row.name).append(" |");
            row.outcomes.forEach(o -> text.append(' ').append(o).append(" |"));
            text.append('\n');
        }
        text.append("\nBudgets in stored bits for each weight:\n\n| budget |");
        curveNames().forEach(name -> text.append(' ').append(name).append(" |"));
        text.append("\n|---:|").append("---:|".repeat(CURVES.size())).append('\n');
        for (Point point : points) {
            text.append("| ").append(point.budget).append(" |");
            curveNames().forEach(name -> text.append(' ').append(point.outcomes.get(name)).append(" |"));
            text.append('\n');
        }
        return text.toString();
    }

    private void draw(Path png, double original, List<Point> points) throws IOException {
        XYChart chart = new XYChartBuilder().width(PLOT_WIDTH).height(PLOT_HEIGHT).title(data.name() + ": what stored bits buy")
                .xAxisTitle("stored bits for each weight").yAxisTitle("top-1, %").build();
        chart.getStyler().setChartBackgroundColor(Color.WHITE).setLegendPosition(LegendPosition.InsideSE);
        for (String name : curveNames()) {
            chart.addSeries(name, points.stream().map(p -> p.outcomes.get(name).report.storedBitsPerWeight()).toList(),
                    points.stream().map(p -> 100 * p.outcomes.get(name).top1).toList());
        }
        double first = BUDGETS[0];
        double last = BUDGETS[BUDGETS.length - 1];
        chart.addSeries("fp32", new double[]{first, last}, new double[]{100 * original, 100 * original});
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(png))) {
            BitmapEncoder.saveBitmap(chart, out, BitmapEncoder.BitmapFormat.PNG);
        }
    }
}
