package org.multipoint.samples;

import org.multipoint.internal.files.AtomicFile;
import org.multipoint.options.Method;
import org.multipoint.transform.Multipoint;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** What each stored bit buys. */
@Command(name = "curve", description = "Quantizes a network for CIFAR-10 or ImageNet again and again, within budgets from 1.5 to 5 "
        + "stored bits for each weight: with entropy-coded weights, with packed points, and by mixed precision. Files are written anew "
        + "after each result.")
final class CurveCommand implements Callable<Integer> {

    /** Names of series, which are in files. */
    static final String CODED = "entropy-coded";
    static final String MIXED = "mixed precision";

    private static final String BUDGETS = "1.5,1.75,2,2.15,2.5,3,3.5,4,5";
    private static final int[] WIDTHS = {2, 3, 4};
    private static final double[] EXTRA_POINTS = {0, 0.1, 0.3};
    /** Mixed precision has no codes of fewer bits, and stores steps besides. */
    private static final double LEAST_MIXED = 2.5;

    @Spec
    private CommandSpec command;

    @Mixin
    private ClassifierOptions classifier;

    @Mixin
    private LayerOptions layers;

    @Option(names = "--budgets", split = ",", defaultValue = BUDGETS, paramLabel = "BITS",
            description = "Stored bits for each weight; default ${DEFAULT-VALUE}. Of packed points, widths between the least and the largest.")
    private double[] budgets;

    @Mixin
    private JsonOption json;

    @Mixin
    private PlotOption plot;

    @Option(names = "--resume", description = "Continues the curve in the file of --json, which an earlier run has left: what is in it is not "
            + "measured again.")
    private boolean resume;

    /** A way to quantize. */
    private record Setting(String series, String name, UnaryOperator<Multipoint<?>> apply) {
    }

    @Override
    public Integer call() throws IOException {
        json.requireFor(resume);
        if (!classifier.areGiven()) {
            throw new ParameterException(command.commandLine(), "Missing required argument: --data=DIR or --images=DIR");
        }
        for (double budget : budgets) {
            Arguments.checked(command, "--budgets", budget, budget > 1 && budget <= 8, "more than 1 and at most 8");
        }
        Notebook notebook = new Notebook(command.commandLine().getOut());
        Network network = classifier.network();
        String name = classifier.name();
        if (!network.isPlain()) {
            throw new IllegalArgumentException(name + " is " + network + ": expected a network in fp32");
        }
        try (ImageSets images = classifier.images(network)) {
            notebook.step("%s: %s", name, images);
            Evaluations.Result original = Evaluations.evaluate("fp32", network.compiled(), images.test());
            notebook.say("fp32: top-1 %.2f %%", 100 * original.top1());

            notebook.step("What stored bits buy");
            notebook.say("Divergence: mean Kullback-Leibler divergence of the class probabilities from those of fp32, in nats. Bits: everything "
                    + "counted; mixed precision stores 8-bit codes, and is counted as in a format made for it.");
            Curve empty = new Curve(name, images.calibration().totalExamples(), images.test().totalExamples(), original.top1(), null, List.of());
            measure(notebook, network, images, original, resume ? empty.begun(json.file().orElseThrow()) : empty);
        }
        notebook.next("quantize it to a size", classifier.cifar10().isPresent()
                ? "cifar10" + Arguments.asGiven(command, "--data", "--model") + " --stored-bits 2.5"
                : "imagenet" + Arguments.asGiven(command, "--model", "--images", "--view") + " --stored-bits 2.5");
        return 0;
    }

    private void measure(Notebook notebook, Network network, ImageSets images, Evaluations.Result original, Curve begun) throws IOException {
        Curve curve = begun;
        List<Setting> settings = settings();
        notebook.say("%-24s %-12s %6s %8s %11s", "", "", "bits", "top-1 %", "divergence");
        try (Progress progress = Progress.of(begun.model(), settings.size())) {
            for (Setting setting : settings) {
                if (curve.find(setting.series, setting.name).isEmpty()) {
                    Trial trial = Trial.of(setting.apply.apply(layers.apply(network.quantizer())), images.calibration(), images.test(), original);
                    curve = curve.with(new Curve.Point(setting.series, setting.name, trial.report().notionalBitsPerWeight(), trial.top1(),
                            trial.divergence()));
                    if (json.file().isPresent()) {
                        AtomicFile.writeJson(json.file().get(), curve);
                    }
                }
                if (plot.file().isPresent()) {
                    CurvePlot.write(plot.file().get(), curve);
                }
                Curve.Point point = curve.find(setting.series, setting.name).orElseThrow();
                notebook.say("%-24s %-12s %6.3f %8.2f %11.4f", point.series(), point.setting(), point.bits(), 100 * point.top1(), point.divergence());
                progress.stepBy(1);
            }
        }
        Stream.of(json.file(), plot.file()).flatMap(Optional::stream).forEach(file -> notebook.say("Written: %s", file));
    }

    private List<Setting> settings() {
        List<Setting> settings = new ArrayList<>();
        for (double budget : budgets) {
            settings.add(new Setting(CODED, bits(budget), m -> m.method(Method.CODED).storedBits(budget)));
        }
        for (int width : WIDTHS) {
            if (width >= Math.floor(Arrays.stream(budgets).min().orElseThrow()) && width <= Arrays.stream(budgets).max().orElseThrow()) {
                for (double extra : EXTRA_POINTS) {
                    settings.add(new Setting(packed(width), String.format(Locale.ROOT, "+ %.0f %%", 100 * extra),
                            m -> m.method(Method.CALIBRATED).bits(width).extraPoints(extra)));
                }
            }
        }
        for (double budget : budgets) {
            if (budget >= LEAST_MIXED) {
                settings.add(new Setting(MIXED, bits(budget), m -> m.method(Method.MIXED_PRECISION).bits((int) budget).storedBits(budget)));
            }
        }
        return settings;
    }

    /** Name of the series of packed points with codes of a width. */
    static String packed(int width) {
        return "packed, " + width + " bits";
    }

    private static String bits(double budget) {
        return String.format(Locale.ROOT, "%.2f bits", budget);
    }
}
