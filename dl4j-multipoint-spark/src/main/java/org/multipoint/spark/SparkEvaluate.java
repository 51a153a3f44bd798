package org.multipoint.spark;

import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.multipoint.datasets.ImageFolder;
import org.multipoint.datasets.ImageView;
import org.multipoint.files.ModelFiles;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import scala.Tuple2;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/** Evaluates a classifier from a file on a folder of images, by Spark. */
@Command(name = "spark-evaluate", mixinStandardHelpOptions = true, description = "Evaluates a model on images of known classes, spread over the "
        + "executors of a Spark cluster, or of this machine.")
public final class SparkEvaluate implements Callable<Integer> {

    /** Tasks for each core: one that takes long does not hold up the end. */
    private static final int TASKS_PER_CORE = 4;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec command;

    @Parameters(index = "0", paramLabel = "FILE", description = "A model of Deeplearning4j of either kind, in fp32, quantized or compiled (.zip).")
    private Path model;

    @Parameters(index = "1", paramLabel = "FOLDER", description = "A folder of images for each class, or, with --truth, one folder of images; on "
            + "storage that all executors can read.")
    private Path images;

    @Option(names = "--truth", paramLabel = "FILE", description = "The class of each image, a line each: its file and its class.")
    private Path truth;

    @Option(names = "--labels", paramLabel = "FILE", description = "Names of the classes in the order of the outputs, one a line. Default: of the "
            + "folders, sorted.")
    private Path labels;

    @Option(names = "--master", paramLabel = "URL", description = "Spark's master: local[*] (default), local-cluster[EXECUTORS,CORES,MEGABYTES], "
            + "spark://HOST:PORT, yarn, k8s://...; that of spark-submit where it is given there.")
    private String master;

    @Option(names = "--view", paramLabel = "VIEW", defaultValue = "efficientnet-lite", description = "What the network sees of an image: cifar10, "
            + "efficientnet-lite (default), keras, caffe, torchvision.")
    private String view;

    @Option(names = "--size", paramLabel = "PIXELS", defaultValue = "224", description = "Height and width of the network's input; default 224.")
    private int size;

    @Option(names = "--format", paramLabel = "FORMAT", defaultValue = "NCHW", description = "Layout of its input: NCHW (default) or NHWC.")
    private CNN2DFormat format;

    @Option(names = "--batch", paramLabel = "IMAGES", defaultValue = "32", description = "Images that pass at a time; default 32.")
    private int batch;

    @Option(names = "--limit", paramLabel = "IMAGES", description = "At most so many images, spread over the classes.")
    private Integer limit;

    @Option(names = "--repeat", paramLabel = "TIMES", defaultValue = "1", description = "Evaluates so often; the first time includes starting "
            + "executors and compiling the model. Default once.")
    private int repeat;

    private SparkEvaluate() {
    }

    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return new CommandLine(new SparkEvaluate()).setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler((e, command, parsed) -> failed(e, command));
    }

    /** Bad input is reported in one line; anything else is a bug, or the cluster's. */
    private static int failed(Exception e, CommandLine command) throws Exception {
        if (e instanceof IOException || e instanceof IllegalArgumentException) {
            command.getErr().println("spark-evaluate: " + e.getMessage());
            return CommandLine.ExitCode.SOFTWARE;
        }
        throw e;
    }

    @Override
    public Integer call() throws Exception {
        PrintWriter out = command.commandLine().getOut();
        ImageView seen = view();
        ImageFolder.Builder builder = ImageFolder.of(images, seen).format(format);
        if (labels != null) {
            builder.labels(Files.readAllLines(labels).stream().filter(line -> !line.isBlank()).toList());
        }
        if (truth != null) {
            builder.groundTruth(truth);
        }
        if (limit != null) {
            builder.limit(limit);
        }
        ImageFolder folder = builder.build();
        List<Tuple2<String, Integer>> files = IntStream.range(0, folder.files().size())
                .mapToObj(i -> new Tuple2<>(folder.files().get(i).toAbsolutePath().toString(), folder.label(i))).toList();
        SparkConf conf = new SparkConf().setAppName("spark-evaluate " + model.getFileName());
        LocalSpark.configure(conf, master != null ? master : conf.get("spark.master", "local[*]"));
        Model network = ModelFiles.read(model);
        try (JavaSparkContext context = new JavaSparkContext(conf);
             SparkEvaluation evaluation = new SparkEvaluation(context, network, folder.getLabels())) {
            context.setLogLevel("WARN");
            int partitions = Math.min(files.size(), TASKS_PER_CORE * context.defaultParallelism());
            for (int i = 0; i < repeat; i++) {
                long start = System.nanoTime();
                SparkEvaluation.Result result = evaluation.evaluate(context.parallelizePairs(files, partitions), seen, format, batch);
                double seconds = (System.nanoTime() - start) / 1e9;
                out.printf(Locale.ROOT, "%,d images on %s: top-1 %.2f %%, top-5 %.2f %%; %.1f s, %.1f images/s%n", result.evaluation().getNumRowCounter(),
                        context.master(), 100 * result.evaluation().accuracy(), 100 * result.evaluation().topNAccuracy(), seconds,
                        result.evaluation().getNumRowCounter() / seconds);
                result.skipped().forEach((file, reason) -> out.printf("left out: %s: %s%n", file, reason));
                out.flush();
            }
        }
        return CommandLine.ExitCode.OK;
    }

    private ImageView view() {
        Map<String, IntFunction<ImageView>> views = Map.of("cifar10", s -> ImageView.cifar10(), "efficientnet-lite", ImageView::efficientNetLite,
                "keras", ImageView::keras, "caffe", ImageView::caffe, "torchvision", ImageView::torchvision);
        if (!views.containsKey(view)) {
            throw new CommandLine.ParameterException(command.commandLine(), "--view is " + view + ", expected one of " + views.keySet());
        }
        return views.get(view).apply(size);
    }
}
