package org.multipoint.samples;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.multipoint.internal.files.AtomicFile;
import org.multipoint.training.LowPrecision;
import org.multipoint.training.LowPrecisionReport;
import org.multipoint.training.LowPrecisionTraining;
import org.multipoint.training.TensorKind;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;

/** What training costs in accuracy where numbers have few bits. */
@Command(name = "low-precision", description = "Trains a small network again and again, with numbers of 32, 16 and 8 bits, with "
        + "and without loss scaling, and with each kind of numbers in 16 bits alone. It tells shapes apart in generated images, which it sees through the first "
        + "stages of the network of quickstart.")
final class LowPrecisionCommand implements Callable<Integer> {

    private static final GeneratedTask TASK = GeneratedTask.CLASSIFICATION;
    private static final int BATCH = 32;
    private static final int COLUMNS = 140;

    @Spec
    private CommandSpec command;

    private int images;
    private int test;
    private int width;
    private int epochs;
    private int seeds;

    @Mixin
    private JsonOption json;

    @Mixin
    private PlotOption plot;

    @Option(names = "--networks", split = ",", paramLabel = "NAME", description = "What is trained: ${COMPLETION-CANDIDATES}; default both.")
    private List<LowPrecisionNetwork> networks = List.of(LowPrecisionNetwork.values());

    @Option(names = "--settings", split = ",", paramLabel = "NAME", description = "How it is trained: ${COMPLETION-CANDIDATES}; default all.")
    private List<LowPrecisionSetting> settings = List.of(LowPrecisionSetting.values());

    @Option(names = "--resume", description = "Continues the runs in the file of --json, which an earlier run has left: what is in it is not "
            + "trained again.")
    private boolean resume;

    @Option(names = "--images", defaultValue = "6400", paramLabel = "N", description = "Images to train on; default ${DEFAULT-VALUE}.")
    void setImages(int count) {
        images = Arguments.positive(command, "--images", count);
    }

    @Option(names = "--epochs", defaultValue = "4", paramLabel = "N", description = "How often each image is seen; default ${DEFAULT-VALUE}.")
    void setEpochs(int count) {
        epochs = Arguments.positive(command, "--epochs", count);
    }

    @Option(names = "--test", defaultValue = "2000", paramLabel = "N", description = "Images to evaluate on; default ${DEFAULT-VALUE}.")
    void setTest(int count) {
        test = Arguments.positive(command, "--test", count);
    }

    @Option(names = "--width", defaultValue = "64", paramLabel = "N",
            description = "Outputs of a dense layer; default ${DEFAULT-VALUE}.")
    void setWidth(int channels) {
        width = Arguments.positive(command, "--width", channels);
    }

    @Option(names = "--seeds", defaultValue = "3", paramLabel = "N", description = "Runs of each setting; default ${DEFAULT-VALUE}.")
    void setSeeds(int count) {
        seeds = Arguments.positive(command, "--seeds", count);
    }

    private record Task(LowPrecisionNetwork network, LowPrecisionSetting setting, int seed) {
    }

    @Override
    public Integer call() throws IOException {
        json.requireFor(resume);
        Notebook notebook = new Notebook(command.commandLine().getOut());
        LowPrecisionRuns runs = begun(new LowPrecisionRuns(images, epochs, test, width, List.of()));
        List<Task> tasks = tasks();
        notebook.step("%,d runs of training on %,d images, %,d times each, evaluated on %,d others", tasks.size(), images, epochs,
                test);
        ShapeFeatures features = new ShapeFeatures();
        List<DataSet> train = features.of(TASK.train(images, BATCH));
        List<DataSet> others = features.of(TASK.test(test, BATCH));
        try (Progress progress = Progress.of("runs", tasks.size())) {
            for (Task task : tasks) {
                if (runs.find(task.network, task.setting, task.seed).isEmpty()) {
                    long start = System.nanoTime();
                    runs = runs.with(run(task, train, others));
                    if (json.file().isPresent()) {
                        AtomicFile.writeJson(json.file().get(), runs);
                    }
                    if (runs.runs().size() == 1) {
                        notebook.estimate("The other runs", (tasks.size() - 1) * (System.nanoTime() - start) / 1e9);
                    }
                }
                progress.stepBy(1);
            }
        }
        for (LowPrecisionNetwork network : networks) {
            notebook.step("%s", network.title());
            notebook.say("%s", runs.table(network, Terminal.columns().orElse(COLUMNS)));
        }
        notebook.say("Means over seeds. Loss: in nats, over the last 20 steps. Errors: derivatives by activations.");
        if (plot.file().isPresent()) {
            LowPrecisionPlot.write(plot.file().get(), runs);
        }
        Stream.of(json.file(), plot.file()).flatMap(Optional::stream).forEach(file -> notebook.say("Written: %s", file));
        notebook.next("quantize a network that has been trained", "quickstart");
        return 0;
    }

    private List<Task> tasks() {
        List<Task> tasks = new ArrayList<>();
        for (int seed = 1; seed <= seeds; seed++) {
            for (LowPrecisionNetwork network : networks) {
                for (LowPrecisionSetting setting : network.settings()) {
                    if (settings.contains(setting)) {
                        tasks.add(new Task(network, setting, seed));
                    }
                }
            }
        }
        return tasks;
    }

    /** The runs so far. */
    private LowPrecisionRuns begun(LowPrecisionRuns empty) throws IOException {
        if (!resume || !Files.exists(json.file().orElseThrow())) {
            return empty;
        }
        Path file = json.file().get();
        LowPrecisionRuns earlier = new ObjectMapper().readValue(file.toFile(), LowPrecisionRuns.class);
        if (!empty.continues(earlier)) {
            throw new IllegalArgumentException(file + " holds runs of " + earlier.images() + " images, " + earlier.epochs() + " times each, and width "
                    + earlier.width() + ", evaluated on " + earlier.testImages());
        }
        return earlier;
    }

    private LowPrecisionRuns.Run run(Task task, List<DataSet> train, List<DataSet> others) {
        int steps = epochs * train.size();
        ComputationGraph untrained = task.network.create(task.seed, width, steps);
        LowPrecision<ComputationGraph> settings = LowPrecision.of(untrained).seed(task.seed);
        task.setting.apply(settings, steps);
        LowPrecisionTraining<ComputationGraph> training = settings.build();
        ComputationGraph network = training.network();
        List<Double> losses = new ArrayList<>();
        try (Progress progress = Progress.of(task.setting.title(), steps)) {
            for (int step = 0; step < steps; step++) {
                network.fit(train.get(step % train.size()));
                losses.add(task.network.loss(network.score()));
                progress.stepBy(1);
            }
        }
        LowPrecisionReport report = training.report();
        Evaluation evaluation = new Evaluation();
        others.forEach(batch -> evaluation.eval(batch.getLabels(), network.outputSingle(batch.getFeatures())));
        training.plain().close();
        network.close();
        untrained.close();
        return new LowPrecisionRuns.Run(task.network, task.setting, task.seed, evaluation.accuracy(), report.skipped(), report.scale().last(),
                report.rows().stream().filter(r -> r.kind() == TensorKind.ERRORS).mapToDouble(LowPrecisionReport.Row::underflowShare).sum(),
                report.rows().stream().mapToLong(LowPrecisionReport.Row::overflows).sum(), losses);
    }
}
