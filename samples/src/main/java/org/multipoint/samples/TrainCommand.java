package org.multipoint.samples;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.weights.WeightInit;
import org.multipoint.datasets.ImageIterator;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.PolySchedule;
import org.nd4j.linalg.schedule.ScheduleType;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;

/** Trains the small networks that the quickstart quantizes. */
@Command(name = "train", description = "Trains a small network on generated images, each seen once: a network of quickstart.")
final class TrainCommand implements Callable<Integer> {

    static final double LEARNING_RATE = 0.005;
    /** Steps to measure the time of one; the first ones take longer. */
    private static final int TRIED = 3;

    @Spec
    private CommandSpec command;

    @Option(names = "--seed", defaultValue = "1", paramLabel = "N", description = "Of the first weights; default ${DEFAULT-VALUE}.")
    private long seed;

    @Option(names = "--task", defaultValue = "classification", paramLabel = "TASK",
            description = "What the network learns: ${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}.")
    private GeneratedTask task;

    private Path out;
    private Integer images;
    private int test;
    private int blocks;
    private int width;

    @Option(names = "--out", required = true, paramLabel = "FILE.zip", description = "The trained model.")
    void setOut(Path file) {
        out = Arguments.writable(command, "--out", file);
    }

    @Option(names = "--images", paramLabel = "N", description = "Images to train on; default 24,000, and 12,000 for detection.")
    void setImages(int count) {
        images = Arguments.positive(command, "--images", count);
    }

    @Option(names = "--test", defaultValue = "1000", paramLabel = "N", description = "Images to evaluate on; default ${DEFAULT-VALUE}.")
    void setTest(int count) {
        test = Arguments.positive(command, "--test", count);
    }

    @Option(names = "--blocks", defaultValue = "1", paramLabel = "N",
            description = "Blocks in each of the three stages; default ${DEFAULT-VALUE}, which makes 8 layers, and 7 for detection.")
    void setBlocks(int count) {
        blocks = Arguments.positive(command, "--blocks", count);
    }

    @Option(names = "--width", defaultValue = "16", paramLabel = "N",
            description = "Channels of the first stage; default ${DEFAULT-VALUE}.")
    void setWidth(int channels) {
        width = Arguments.positive(command, "--width", channels);
    }

    @Override
    public Integer call() throws Exception {
        Notebook notebook = new Notebook(command.commandLine().getOut());

        int count = images != null ? images : task.trainingImages();
        notebook.step("A %s", task.network());
        int steps = (count + task.batch() - 1) / task.batch();
        ComputationGraph network = new ComputationGraph(task.configuration(new NeuralNetConfiguration.Builder()
                .seed(seed)
                .weightInit(WeightInit.RELU)
                .updater(new Adam(schedule(LEARNING_RATE, steps))), blocks, width));
        network.init();
        notebook.say("%,d parameters", network.numParams());

        notebook.step("Training on %,d generated images", count);
        notebook.estimate("This", steps * secondsOfAStep(network));
        try (ImageIterator train = task.train(count, task.batch());
             Progress progress = Progress.of("training", count)) {
            int done = 0;
            while (train.hasNext()) {
                DataSet batch = train.next();
                network.fit(batch);
                done += batch.numExamples();
                progress.stepTo(done, String.format(Locale.ROOT, "loss %.3f", network.score()));
            }
        }

        notebook.step("Evaluation");
        Network trained = new Network(network);
        try (ImageIterator others = task.test(test, task.batch())) {
            notebook.say("%s", task.judge().evaluate("fp32", trained, others, null).details());
        }
        SavedModel.write(trained, out);
        notebook.say("%s", out);
        notebook.next("quantize it", "quickstart --task " + task + " --model " + Arguments.quoted(out));
        return 0;
    }

    /** Learning rates of a run: they fall to zero in a line. */
    static ISchedule schedule(double first, int steps) {
        return new PolySchedule(ScheduleType.ITERATION, first, 1, steps);
    }

    /** The time of a step of training, by a copy of the network. */
    private double secondsOfAStep(ComputationGraph network) {
        ComputationGraph copy = network.clone();
        try (ImageIterator some = task.train(TRIED * task.batch(), task.batch())) {
            double last = 0;
            while (some.hasNext()) {
                long start = System.nanoTime();
                copy.fit(some.next());
                last = (System.nanoTime() - start) / 1e9;
            }
            return last;
        } finally {
            copy.close();
        }
    }
}
