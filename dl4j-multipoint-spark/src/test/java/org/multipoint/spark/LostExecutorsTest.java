package org.multipoint.spark;

import org.apache.spark.api.java.JavaSparkContext;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.multipoint.datasets.ImageView;
import org.multipoint.transform.Multipoint;
import org.multipoint.transform.TransformListener;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.dataset.DataSet;
import scala.Tuple2;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Two executors in processes of their own, one of which is killed. */
class LostExecutorsTest {

    private static JavaSparkContext context;

    @BeforeAll
    static void start() {
        context = Local.context("local-cluster[2,1,1024]");
    }

    @AfterAll
    static void stop() {
        context.close();
    }

    /** Ends the process that calls it, if no other has done so before. */
    private static void endOnce(String marker) {
        try {
            if (Path.of(marker).toFile().createNewFile()) {
                Runtime.getRuntime().halt(1);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What the executor has kept is computed again from the start, by the other one or by the one that Spark starts in its place. */
    @Test
    void aTransformationLosesAnExecutor(@TempDir Path folder) {
        List<DataSet> batches = Networks.batches(8, 3, 8, 8);
        String[] leftOut = {"separable", "out"};
        String local = Multipoint.of(Networks.residual()).calibrate(new ExistingDataSetIterator(batches)).leaveOut(leftOut).transform().model()
                .getConfiguration().toJson().replace("ExistingDataSetIterator", "JavaRDD");
        String marker = folder.resolve("done").toString();
        String spread = SparkMultipoint.of(Networks.residual(), context.parallelize(batches, 2)).leaveOut(leftOut).listener((phase, done, total, what) -> {
            if (phase == TransformListener.Phase.QUANTIZATION && done == 2) {
                context.parallelize(List.of(marker), 1).foreach(LostExecutorsTest::endOnce);
            }
        }).transform().model().getConfiguration().toJson();
        assertTrue(Files.exists(Path.of(marker)));
        assertEquals(local, spread);
    }

    /** Each executor compiles the model for itself. */
    @Test
    void anEvaluationLosesAnExecutor(@TempDir Path folder) throws IOException {
        List<Tuple2<String, Integer>> files = SparkEvaluationTest.images(folder);
        Evaluation expected = SparkEvaluationTest.expected(files);
        try (SparkEvaluation evaluation = new SparkEvaluation(context, Networks.classifier(), List.of("a", "b", "c", "d"))) {
            ImageView view = new ImageView.Builder("test", 8).normalize(127.5, 60).build();
            String marker = folder.resolve("done").toString();
            assertEquals(expected.stats(), evaluation.evaluate(context.parallelize(files, 6).mapToPair(file -> {
                // The first task that comes to this image ends its process.
                if (file._1.endsWith("image 17.png")) {
                    endOnce(marker);
                }
                return file;
            }), view, CNN2DFormat.NCHW, 4).evaluation().stats());
            assertTrue(Files.exists(Path.of(marker)));
        }
    }
}
