package org.multipoint.samples;

import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.multipoint.datasets.ImageIterator;
import org.multipoint.internal.files.AtomicFile;
import org.multipoint.internal.text.TextTable;
import org.multipoint.layers.MultipointWeights;
import org.multipoint.options.Method;
import org.multipoint.options.MultipointOptions;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.report.LayerReport;
import org.multipoint.training.bsq.Bsq;
import org.multipoint.transform.Multipoint;
import org.multipoint.transform.MultipointModels;
import org.nd4j.linalg.learning.config.Nesterovs;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;

/** Multipoint quantization beside related methods at equal bytes. */
@Command(name = "neighbours", description = "Quantizes a network by multipoint quantization and by related methods, at as many stored bytes: OMPQ, "
        + "whose layers have widths found by linear programming, and, with --alphas, BSQ, which trains bit planes away. The network is the small one of "
        + "quickstart with generated images or, with --data or --images, one for CIFAR-10 or ImageNet.")
final class NeighboursCommand implements Callable<Integer> {

    /** Names of series, which are in files. */
    static final String OMPQ = "OMPQ, error feedback";
    static final String OMPQ_NEAREST = "OMPQ, nearest";
    static final String NEAREST = "nearest";
    static final String BSQ = "BSQ";
    static final String BSQ_ONWARDS = "BSQ, not rewound";

    private static final GeneratedTask GENERATED = GeneratedTask.CLASSIFICATION;
    private static final int TRAINING_IMAGES = 2_000;
    private static final int BATCH = 32;
    private static final double MOMENTUM = 0.9;

    @Spec
    private CommandSpec command;

    @Mixin
    private ClassifierOptions classifier;

    @Mixin
    private JsonOption json;

    @Mixin
    private PlotOption plot;

    @Option(names = "--bits", split = ",", paramLabel = "BITS", description = "Widths of codes, 3 or 4: all methods but BSQ get the bytes of one "
            + "point for each row with codes of this width; 4,3 where neither --bits nor --alphas is given.")
    private int[] widths = {};

    @Option(names = "--alphas", split = ",", paramLabel = "ALPHA", description = "Trains by BSQ, once for each of these strengths of its group lasso.")
    private double[] alphas = {};

    @Option(names = "--resume", description = "Adds to the results in the file of --json, which an earlier run has left: what is in it is not "
            + "measured again.")
    private boolean resume;

    @Option(names = "--no-rewind", description = "BSQ trains weights of the widths found from what its bit planes have left, not from what they were before.")
    private boolean onwards;

    private int epochs;
    private int tuneEpochs;
    private double rate;
    private int trainingImages;
    private Path markdown;
    private Notebook notebook;
    private Network network;
    private ImageIterator calibration;
    private ImageIterator test;
    private Evaluations.Result original;
    private Curve curve;

    @Option(names = "--epochs", defaultValue = "3", paramLabel = "N", description = "Epochs in which BSQ trains bit planes; default ${DEFAULT-VALUE}.")
    void setEpochs(int count) {
        epochs = Arguments.positive(command, "--epochs", count);
    }

    @Option(names = "--tune-epochs", defaultValue = "4", paramLabel = "N",
            description = "Epochs in which BSQ then trains weights of the widths found; default ${DEFAULT-VALUE}.")
    void setTuneEpochs(int count) {
        tuneEpochs = Arguments.positive(command, "--tune-epochs", count);
    }

    @Option(names = "--rate", defaultValue = "0.01", paramLabel = "RATE",
            description = "First learning rate of BSQ, and of the network that is trained in fp32 beside it, which falls to zero in a line; "
                    + "default ${DEFAULT-VALUE}.")
    void setRate(double learningRate) {
        rate = Arguments.checked(command, "--rate", learningRate, learningRate > 0 && learningRate < Double.POSITIVE_INFINITY, "more than 0");
    }

    @Option(names = "--train", defaultValue = "" + TRAINING_IMAGES, paramLabel = "N",
            description = "Images that BSQ trains on, with --data those of cifar10/train-more; default ${DEFAULT-VALUE}.")
    void setTrain(int images) {
        trainingImages = Arguments.positive(command, "--train", images);
    }

    @Option(names = "--markdown", paramLabel = "FILE.md", description = "Writes the table as Markdown, anew after each result.")
    void setMarkdown(Path file) {
        markdown = Arguments.writable(command, "--markdown", file);
    }

    @Override
    public Integer call() throws IOException {
        if (widths.length + alphas.length == 0) {
            widths = new int[]{4, 3};
        }
        for (int width : widths) {
            Arguments.checked(command, "--bits", width, width == 3 || width == 4, "3 or 4");
        }
        for (double alpha : alphas) {
            Arguments.checked(command, "--alphas", alpha, alpha >= 0 && alpha < Double.POSITIVE_INFINITY, "0 or more");
        }
        json.requireFor(resume);
        if (alphas.length > 0 && classifier.areGiven() && classifier.cifar10().isEmpty()) {
            throw new ParameterException(command.commandLine(), "--alphas needs images to train on: --data, or generated ones");
        }
        notebook = new Notebook(command.commandLine().getOut());
        String name = classifier.areGiven() ? classifier.name() : GENERATED.title();
        network = classifier.areGiven() ? classifier.network() : GENERATED.trained();
        if (!network.isPlain()) {
            throw new IllegalArgumentException(name + " is " + network + ": expected a network in fp32");
        }
        try (ImageSets images = classifier.areGiven() ? classifier.images(network) : generated()) {
            calibration = images.calibration();
            test = images.test();
            notebook.step("%s: %s", name, images);
            original = Evaluations.evaluate("fp32", network.compiled(), test);
            notebook.say("fp32: top-1 %.2f %%", 100 * original.top1());
            curve = new Curve(name, calibration.totalExamples(), test.totalExamples(), original.top1(), null, List.of());
            if (resume) {
                curve = curve.begun(json.file().orElseThrow());
            }
            for (int width : widths) {
                if (curve.find(NEAREST, setting(width)).isEmpty()) {
                    notebook.step("As many bytes as codes of %d bits take", width);
                    withoutTraining(width);
                }
            }
            if (alphas.length > 0) {
                train();
            }
            write();
            report();
        }
        notebook.next("see what stored bits buy", "curve" + (classifier.areGiven()
                ? Arguments.asGiven(command, "--data", "--images", "--model") : " --data DIR"));
        return 0;
    }

    private ImageSets generated() {
        return new ImageSets(GENERATED.train(classifier.calibrationImages(), BATCH), null, GENERATED.test(classifier.testImages(), BATCH));
    }

    private static String setting(int width) {
        return width + " bits";
    }

    /** Methods that do not train, at the bytes of one point for each row with codes of a width. */
    private void withoutTraining(int width) throws IOException {
        String codes = setting(width);
        Trial packed = quantize(CurveCommand.packed(width), "one point", network.quantizer().method(Method.CALIBRATED).bits(width).points(1));
        long bytes = packed.report().storedBytes();
        quantize(CurveCommand.packed(width - 1), "points for " + codes,
                network.quantizer().method(Method.CALIBRATED).bits(width - 1).storedBytes(bytes));
        quantize(CurveCommand.CODED, codes, network.quantizer().method(Method.CODED).storedBytes(bytes));
        Trial ompq = quantize(OMPQ, codes, network.quantizer().method(Method.OMPQ).storedBytes(bytes)
                .options(MultipointOptions.builder().ompqBits(width - 1, width + 1).build()));
        Multipoint<?> rounded = network.quantizer().method(Method.NEAREST).points(1);
        ompq.report().layers().forEach(layer -> rounded.bits(layer.name(), layer.bits()));
        quantize(OMPQ_NEAREST, codes, rounded);
        quantize(NEAREST, codes, network.quantizer().method(Method.NEAREST).bits(width).points(1));
        notebook.say("OMPQ's widths: %s", ompq.report().layers().stream().map(LayerReport::bits).map(String::valueOf).toList());
    }

    private Trial quantize(String series, String setting, Multipoint<?> multipoint) throws IOException {
        Trial trial = Trial.of(multipoint, calibration, test, original);
        add(series, setting, trial.report().storedBitsPerWeight(), trial.top1(), trial.divergence());
        return trial;
    }

    private void add(String series, String setting, double bits, double top1, double divergence) throws IOException {
        curve = curve.with(new Curve.Point(series, setting, bits, top1, divergence));
        notebook.say("%-22s %-18s %6.3f bits, top-1 %6.2f %%, divergence %.4f", series, setting, bits, 100 * top1, divergence);
        write();
    }

    private void write() throws IOException {
        if (json.file().isPresent()) {
            AtomicFile.writeJson(json.file().get(), curve);
        }
        if (markdown != null) {
            AtomicFile.write(markdown, part -> Files.writeString(part, asMarkdown(), StandardCharsets.UTF_8));
        }
        if (plot.file().isPresent() && !curve.points().isEmpty()) {
            CurvePlot.write(plot.file().get(), curve);
        }
    }

    private void train() throws IOException {
        try (ImageIterator images = classifier.cifar10().<ImageIterator>map(data -> data.images("train-more", network.format(), trainingImages))
                .orElseGet(() -> GENERATED.train(trainingImages, BATCH))) {
            notebook.step("BSQ: %d epochs for bit planes and %d for weights, on %,d images", epochs, tuneEpochs, images.totalExamples());
            int steps = (epochs + tuneEpochs) * images.batches();
            if (curve.trainedTop1() == null) {
                ComputationGraph plain = trainable((ComputationGraph) network.model(), steps);
                plain.fit(images, epochs + tuneEpochs);
                curve = curve.withTrained(Evaluations.evaluate("fp32", new Network(plain).compiled(), test).top1());
                write();
            }
            notebook.say("trained in fp32 for as many epochs: top-1 %.2f %%", 100 * curve.trainedTop1());
            for (double alpha : alphas) {
                String series = onwards ? BSQ_ONWARDS : BSQ;
                String setting = "alpha " + alpha;
                if (curve.find(series, setting).isPresent()) {
                    continue;
                }
                Bsq bsq = new Bsq(trainable((ComputationGraph) network.model(), steps), alpha);
                bsq.train(images, epochs);
                if (!onwards) {
                    bsq.rewind();
                }
                bsq.tune(images, tuneEpochs);
                ComputationGraph stored = bsq.stored(calibration);
                Network compiled = new Network(stored).compiled();
                Evaluations.Result found = Evaluations.evaluate("BSQ", compiled, test, original.outputs());
                MultipointModels.close(compiled.model());
                add(series, setting, (double) matrices(stored).mapToLong(MultipointMatrix::storedBits).sum() / network.weights(), found.top1(),
                        found.divergence());
                notebook.say("%.2f planes for each weight: %s", bsq.averagePlanes(), bsq.widths().stream().map(Bsq.Width::planes).toList());
            }
        }
    }

    /** A copy of a graph whose layers are trained by gradient descent with momentum. */
    private ComputationGraph trainable(ComputationGraph graph, int steps) {
        ComputationGraphConfiguration conf = ComputationGraphConfiguration.fromJson(graph.getConfiguration().toJson());
        conf.getVertices().values().forEach(vertex -> {
            if (vertex instanceof LayerVertex layer && layer.getLayerConf().getLayer() instanceof BaseLayer trained) {
                trained.setIUpdater(new Nesterovs(TrainCommand.schedule(rate, steps), MOMENTUM));
            }
        });
        ComputationGraph copy = new ComputationGraph(conf);
        copy.init(graph.params(), true);
        return copy;
    }

    private static Stream<MultipointMatrix> matrices(ComputationGraph stored) {
        return Arrays.stream(stored.getLayers()).flatMap(layer -> MultipointWeights.of(layer.conf().getLayer()).stream())
                .flatMap(own -> own.operations().stream()).map(MultipointWeights.Operation::matrix);
    }

    private void report() {
        TextTable<Curve.Point> table = new TextTable<Curve.Point>()
                .text("method", Curve.Point::series)
                .text("", Curve.Point::setting)
                .number("bytes", point -> String.format(Locale.ROOT, "%,d", bytes(point)))
                .number("bits/weight", point -> format("%.3f", point.bits()))
                .number("top-1 %", point -> format("%.2f", 100 * point.top1()))
                .number("divergence", point -> format("%.4f", point.divergence()));
        notebook.step("At equal bytes; fp32 %.2f %% top-1", 100 * original.top1());
        notebook.say("%s", table.toString(curve.points(), Terminal.textColumns()));
        Stream.of(json.file(), Optional.ofNullable(markdown), plot.file()).flatMap(Optional::stream)
                .forEach(file -> notebook.say("Written: %s", file));
    }

    private long bytes(Curve.Point point) {
        return Math.round(point.bits() * network.weights() / Byte.SIZE);
    }

    private static String format(String text, double value) {
        return String.format(Locale.ROOT, text, value);
    }

    private String asMarkdown() {
        StringBuilder text = new StringBuilder(String.format(Locale.ROOT, "%s: fp32 %.2f %% top-1 on %,d images, calibrated on %,d.%n%n",
                curve.model(), 100 * curve.fp32Top1(), curve.testImages(), curve.calibrationImages()));
        text.append("| method | | bytes | bits for each weight | top-1, % | divergence |\n|---|---|---:|---:|---:|---:|\n");
        curve.points().forEach(p -> text.append(String.format(Locale.ROOT, "| %s | %s | %,d | %.3f | %.2f | %.4f |%n", p.series(), p.setting(),
                bytes(p), p.bits(), 100 * p.top1(), p.divergence())));
        return text.toString();
    }
}
