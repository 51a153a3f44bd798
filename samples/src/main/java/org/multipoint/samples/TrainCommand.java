package org.multipoint.samples;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.weights.WeightInit;
import org.multipoint.datasets.ImageIterator;
import org.multipoint.datasets.SyntheticImages;
import org.multipoint.samples.models.CifarResNet;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.schedule.PolySchedule;
import org.nd4j.linalg.schedule.ScheduleType;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;

/** Trains the small ResNet that the quickstart quantizes. */
@Command(name = "train", description = "Trains a small ResNet on generated images, each seen once: the network of quickstart.")
final class TrainCommand implements Callable<Integer> {

    private static final int BATCH = 64;
    private static final double LEARNING_RATE = 0.005;

    @Spec
    private CommandSpec command;

    @Option(names = "--seed", defaultValue = "1", paramLabel = "N", description = "Of the first weights; default ${DEFAULT-VALUE}.")
    private long seed;

    private Path out;
    private int images;
    private int test;
    private int blocks;
    private int width;

    @Option(names = "--out", required = true, paramLabel = "FILE.zip", description = "The trained model.")
    void setOut(Path file) {
        out = Arguments.writable(command, "--out", file);
    }

    @Option(names = "--images", defaultValue = "24000", paramLabel = "N", description = "Images to train on; default ${DEFAULT-VALUE}.")
    void setImages(int count) {
        images = Arguments.positive(command, "--images", count);
    }

    @Option(names = "--test", defaultValue = "1000", paramLabel = "N", description = "Images to evaluate on; default ${DEFAULT-VALUE}.")
    void setTest(int count) {
        test = Arguments.positive(command, "--test", count);
    }

    @Option(names = "--blocks", defaultValue = "1", paramLabel = "N",
            description = "Blocks in each of the three stages; default ${DEFAULT-VALUE}, which makes 8 layers.")
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

        notebook.step("A ResNet with %d layers", 6 * blocks + 2);
        int steps = (images + BATCH - 1) / BATCH;
        ComputationGraph network = new ComputationGraph(CifarResNet.configuration(new NeuralNetConfiguration.Builder()
                .seed(seed)
                .weightInit(WeightInit.RELU)
                .updater(new Adam(new PolySchedule(ScheduleType.ITERATION, LEARNING_RATE, 1, steps))),
                blocks, width, SyntheticImages.LABELS.size()));
        network.init();
        notebook.say("%,d parameters", network.numParams());

        notebook.step("Training on %,d generated images", images);
        try (ImageIterator train = SyntheticImages.train(images, BATCH, CNN2DFormat.NCHW);
             Progress progress = Progress.of("training", images)) {
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
        try (ImageIterator others = SyntheticImages.test(test, BATCH, CNN2DFormat.NCHW)) {
            notebook.say("%s", Evaluations.evaluate("fp32", trained, others).evaluation().stats());
        }
        SavedModel.write(trained, out);
        notebook.say("%s", out);
        return 0;
    }
}
