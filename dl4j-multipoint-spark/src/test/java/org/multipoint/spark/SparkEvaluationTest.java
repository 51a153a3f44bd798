package org.multipoint.spark;

import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.multipoint.datasets.ImageView;
import org.multipoint.datasets.RgbImage;
import org.multipoint.segments.Segments;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import scala.Tuple2;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import javax.imageio.ImageIO;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class SparkEvaluationTest {

    private static final List<String> LABELS = List.of("a", "b", "c", "d");
    private static final ImageView VIEW = new ImageView.Builder("test", 8).normalize(127.5, 60).build();

    private static JavaSparkContext context;

    @TempDir
    private static Path folder;

    private static List<Tuple2<String, Integer>> files;

    @BeforeAll
    static void start() throws IOException {
        context = Local.context("local[2,3]");
        files = images(folder);
    }

    @AfterAll
    static void stop() {
        context.close();
    }

    /** 30 images of different sizes, classes in turn. */
    static List<Tuple2<String, Integer>> images(Path folder) throws IOException {
        List<Tuple2<String, Integer>> files = new ArrayList<>();
        Random random = new Random(4);
        for (int i = 0; i < 30; i++) {
            byte[] pixels = new byte[RgbImage.CHANNELS * (8 + i % 3) * 9];
            random.nextBytes(pixels);
            Path file = folder.resolve("image " + i + ".png");
            ImageIO.write(new RgbImage(8 + i % 3, 9, pixels).toBufferedImage(), "png", file.toFile());
            files.add(new Tuple2<>(file.toString(), i % LABELS.size()));
        }
        return files;
    }

    private static JavaPairRDD<String, Integer> spread(List<Tuple2<String, Integer>> files, int partitions) {
        return context.parallelize(files, partitions).mapToPair(file -> file);
    }

    /** Deeplearning4j's own evaluation of the same batches. */
    static Evaluation expected(List<Tuple2<String, Integer>> files) {
        ComputationGraph compiled = Segments.compile(Networks.classifier()).graph();
        Evaluation evaluation = new Evaluation(LABELS, 5);
        new ImageBatches(files.iterator(), VIEW, CNN2DFormat.NCHW, LABELS.size(), 4, Map.of()).forEachRemaining(batch -> {
            try (INDArray output = compiled.outputSingle(batch.getFeatures())) {
                evaluation.eval(batch.getLabels(), output);
            }
        });
        return evaluation;
    }

    @Test
    void countsAreThoseOfOneMachineHoweverImagesAreSpread() {
        Evaluation expected = expected(files);
        assertEquals(30, expected.getNumRowCounter());
        assertTrue(expected.falsePositives().values().stream().filter(count -> count > 0).count() > 1, expected.stats());
        try (SparkEvaluation evaluation = new SparkEvaluation(context, Networks.classifier(), LABELS)) {
            for (int partitions : new int[]{1, 4, 40}) {
                SparkEvaluation.Result result = evaluation.evaluate(spread(files, partitions), VIEW, CNN2DFormat.NCHW, 4);
                assertEquals(expected.stats(false, true), result.evaluation().stats(false, true));
                assertEquals(expected.topNAccuracy(), result.evaluation().topNAccuracy());
                assertTrue(result.skipped().isEmpty());
                assertEquals(1, PerExecutor.held());
            }
        }
        assertEquals(0, PerExecutor.held());
    }

    @Test
    void batchesOfANetworkOfLayersAndOfACompiledGraph() {
        List<DataSet> batches = Networks.batches(7, 3, 8, 8);
        ComputationGraph compiled = Segments.compile(Networks.classifier()).graph();
        Evaluation expected = new Evaluation(LABELS, 5);
        batches.forEach(batch -> expected.eval(batch.getLabels(), compiled.outputSingle(batch.getFeatures())));
        try (SparkEvaluation evaluation = new SparkEvaluation(context, compiled, LABELS)) {
            assertEquals(expected.stats(), evaluation.evaluate(context.parallelize(batches, 3)).stats());
        }
    }

    @Test
    void tasksThatAreTriedAgainChangeNothing() {
        Evaluation expected = expected(files);
        Faltering.attempts = 2;
        try (SparkEvaluation evaluation = new SparkEvaluation(context, Networks.classifier(), LABELS)) {
            assertEquals(expected.stats(), evaluation.evaluate(spread(files, 5), VIEW, CNN2DFormat.NCHW, 4).evaluation().stats());
        } finally {
            Faltering.attempts = 0;
        }
    }

    @Test
    void filesThatAreNoImagesAreListed() throws IOException {
        Path broken = Files.writeString(folder.resolve("broken.png"), "no image");
        List<Tuple2<String, Integer>> some = new ArrayList<>(files.subList(0, 9));
        some.add(3, new Tuple2<>(broken.toString(), 0));
        some.add(8, new Tuple2<>(folder.resolve("missing.png").toString(), 0));
        some.set(0, new Tuple2<>("file://" + some.get(0)._1, some.get(0)._2));
        try (SparkEvaluation evaluation = new SparkEvaluation(context, Networks.classifier(), LABELS)) {
            SparkEvaluation.Result result = evaluation.evaluate(spread(some, 3), VIEW, CNN2DFormat.NCHW, 4);
            assertEquals(expected(files.subList(0, 9)).stats(), result.evaluation().stats());
            assertEquals(Map.of(broken.toString(), "not an image that OpenCV decodes", folder.resolve("missing.png").toString(), "there is no such file"),
                    result.skipped());
            IllegalStateException e = assertThrows(IllegalStateException.class,
                    () -> evaluation.evaluate(spread(some.subList(3, 4), 2), VIEW, CNN2DFormat.NCHW, 4));
            assertEquals("None of the 1 images can be read; " + broken + ": not an image that OpenCV decodes", e.getMessage());
            assertThrows(IllegalStateException.class, () -> evaluation.evaluate(context.emptyRDD()));
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        try (SparkEvaluation evaluation = new SparkEvaluation(context, Networks.classifier(), List.of("a", "b", "c"))) {
            IllegalArgumentException outputs = assertThrows(IllegalArgumentException.class,
                    () -> evaluation.evaluate(context.parallelize(List.of(Networks.batches(1, 3, 8, 8).get(0)))));
            assertEquals("The model's outputs have the shape [1, 4], expected [images, 3] for as many classes", outputs.getMessage());
            IllegalArgumentException label = assertThrows(IllegalArgumentException.class,
                    () -> evaluation.evaluate(spread(files, 1), VIEW, CNN2DFormat.NCHW, 4));
            assertEquals(files.get(3)._1 + ": class 3, expected 0 to 2", label.getMessage());
            IllegalArgumentException size = assertThrows(IllegalArgumentException.class,
                    () -> evaluation.evaluate(spread(files.subList(0, 1), 1), ImageView.cifar10(), CNN2DFormat.NCHW, 4));
            assertTrue(size.getMessage().startsWith(files.get(0)._1 + ": View cifar10 expects"), size.getMessage());
            assertThrows(IllegalArgumentException.class, () -> evaluation.evaluate(spread(files, 1), VIEW, CNN2DFormat.NCHW, 0));
        }
    }
}
