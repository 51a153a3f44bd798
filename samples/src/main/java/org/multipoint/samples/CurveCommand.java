package org.multipoint.samples;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.multipoint.datasets.ImageFolder;
import org.multipoint.datasets.ImageView;
import org.multipoint.internal.files.AtomicFile;
import org.multipoint.options.Method;
import org.multipoint.transform.Multipoint;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
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

    private static final int CALIBRATION_IMAGES = 512;
    private static final int TEST_IMAGES = 10_000;
    private static final String BUDGETS = "1.5,1.75,2,2.15,2.5,3,3.5,4,5";
    private static final int[] WIDTHS = {2, 3, 4};
    private static final double[] EXTRA_POINTS = {0, 0.1, 0.3};
    /** Mixed precision has no codes of fewer bits, and stores steps besides. */
    private static final double LEAST_MIXED = 2.5;

    @Spec
    private CommandSpec command;

    @ArgGroup(multiplicity = "1")
    private Source source;

    @Option(names = "--model", defaultValue = "resnet20", paramLabel = "NAME|FILE", description = "With --data as for the command cifar10, with "
            + "--images a file of Deeplearning4j (.zip) or Keras 2 (.h5); default ${DEFAULT-VALUE}.")
    private String model;

    @Option(names = "--calibration-images", paramLabel = "DIR", description = "With --images, those to calibrate on; where not given, a third of "
            + "the others, 256 at most, which are then not evaluated on.")
    private Path calibrationImages;

    @Mixin
    private ViewOptions view;

    @Mixin
    private CalibrationCount calibrationCount;

    @Mixin
    private LayerOptions layers;

    @Option(names = "--budgets", split = ",", defaultValue = BUDGETS, paramLabel = "BITS",
            description = "Stored bits for each weight; default ${DEFAULT-VALUE}. Of packed points, widths between the least and the largest.")
    private double[] budgets;

    @Mixin
    private JsonOption json;

    @Mixin
    private PlotOption plot;

    private int testImages;

    @Option(names = "--resume", description = "Continues the curve in the file of --json, which an earlier run has left: what is in it is not "
            + "measured again.")
    private boolean resume;

    private static final class Source {
        @Option(names = "--data", required = true, paramLabel = "DIR", description = "Folder of CIFAR-10, as for the command cifar10.")
        private Path cifar10;

        @Option(names = "--images", required = true, paramLabel = "DIR",
                description = "Images of ImageNet to evaluate on, as for the command imagenet.")
        private Path imageNet;
    }

    @Option(names = "--test", defaultValue = "" + TEST_IMAGES, paramLabel = "N",
            description = "Images to evaluate on at most; default ${DEFAULT-VALUE}.")
    void setTest(int images) {
        testImages = Arguments.positive(command, "--test", images);
    }

    /** A way to quantize. */
    private record Setting(String series, String name, UnaryOperator<Multipoint<?>> apply) {
    }

    @Override
    public Integer call() throws IOException {
        if (resume && json.file().isEmpty()) {
            throw new ParameterException(command.commandLine(), "--resume needs --json, the file to continue");
        }
        for (double budget : budgets) {
            Arguments.checked(command, "--budgets", budget, budget > 1 && budget <= 8, "more than 1 and at most 8");
        }
        Notebook notebook = new Notebook(command.commandLine().getOut());
        Cifar10Data cifar10 = source.cifar10 == null ? null : new Cifar10Data(source.cifar10, model);
        Network network = cifar10 != null ? cifar10.network() : SavedModel.read(Path.of(model));
        String name = cifar10 != null ? cifar10.name() : Path.of(model).getFileName().toString().replaceFirst("\\.[a-z0-9]+$", "");
        if (!network.isPlain()) {
            throw new IllegalArgumentException(name + " is " + network + ": expected a network in fp32");
        }
        try (ImageSets images = cifar10 != null ? cifar10(cifar10, network.format()) : imageNet(network)) {
            notebook.step("%s: %s", name, images);
            Evaluations.Result original = Evaluations.evaluate("fp32", network.compiled(), images.test());
            notebook.say("fp32: top-1 %.2f %%", 100 * original.top1());

            notebook.step("What stored bits buy");
            notebook.say("Divergence: mean Kullback-Leibler divergence of the class probabilities from those of fp32, in nats. Bits: everything "
                    + "counted; mixed precision stores 8-bit codes, and is counted as in a format made for it.");
            measure(notebook, network, images, original, begun(new Curve(name, images.calibration().totalExamples(),
                    images.test().totalExamples(), original.top1(), List.of())));
        }
        notebook.next("quantize it to a size", cifar10 != null ? "cifar10" + Arguments.asGiven(command, "--data", "--model") + " --stored-bits 2.5"
                : "imagenet" + Arguments.asGiven(command, "--model", "--images", "--view") + " --stored-bits 2.5");
        return 0;
    }

    private ImageSets cifar10(Cifar10Data data, CNN2DFormat format) {
        return new ImageSets(data.images("train", format, calibrationCount.or(CALIBRATION_IMAGES)), null, data.images("test", format, testImages));
    }

    private ImageSets imageNet(Network network) throws IOException {
        CNN2DFormat format = network.format();
        ImageView shown = view.view(View.EFFICIENTNET_LITE, view.size(network, Path.of(model)).orElse(ImagenetCommand.USUAL_SIZE));
        ImageFolder images = ImagenetCommand.folder(source.imageNet, shown, format,
                calibrationImages == null ? OptionalInt.empty() : OptionalInt.of(testImages));
        return calibrationImages == null ? ImageSets.of(images, OptionalInt.of(testImages), Optional.empty(), false)
                : ImageSets.of(ImagenetCommand.folder(calibrationImages, shown, format, OptionalInt.of(calibrationCount.or(CALIBRATION_IMAGES))),
                        images, Optional.empty(), false);
    }

    /** The curve so far. */
    private Curve begun(Curve empty) throws IOException {
        if (!resume || !Files.exists(json.file().orElseThrow())) {
            return empty;
        }
        Path file = json.file().get();
        Curve earlier = new ObjectMapper().readValue(file.toFile(), Curve.class);
        if (!empty.continues(earlier)) {
            throw new IllegalArgumentException(file + " holds a curve of another network or of other images: " + earlier.model() + ", calibrated on "
                    + earlier.calibrationImages() + " images and evaluated on " + earlier.testImages() + ", fp32 " + earlier.fp32Top1());
        }
        return earlier;
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
