package org.multipoint.spark;

import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.multipoint.datasets.ImageView;
import org.multipoint.transform.MultipointResult;
import org.nd4j.linalg.dataset.DataSet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** What {@code docs/SPARK.md} shows is what runs here, word for word. */
class DocumentedUseTest {

    private static final Pattern SNIPPET = Pattern.compile("^```java\\R(.*?)^```", Pattern.DOTALL | Pattern.MULTILINE);

    @Test
    void itRuns(@TempDir Path folder) throws IOException {
        try (JavaSparkContext context = Local.context("local[2]")) {
            JavaRDD<DataSet> batches = context.parallelize(Networks.batches(9, 3, 8, 8), 2);
            JavaPairRDD<String, Integer> files = context.parallelizePairs(SparkEvaluationTest.images(folder), 2);
            List<String> labels = List.of("a", "b", "c", "d");
            ImageView view = new ImageView.Builder("test", 8).build();
            ComputationGraph model = transformed(Networks.residual(), batches);
            try (SparkEvaluation evaluation = new SparkEvaluation(context, model, labels)) {
                SparkEvaluation.Result result = evaluation.evaluate(files, view, CNN2DFormat.NCHW, 32);
                System.out.println(result.evaluation().stats());
            }
        }
    }

    private static ComputationGraph transformed(ComputationGraph graph, JavaRDD<DataSet> batches) {
        MultipointResult<ComputationGraph> result = SparkMultipoint.of(graph, batches)
                .bits(4)
                .extraPoints(0.10)
                .transform();
        return result.model();
    }

    @Test
    void itIsWhatTheDocumentShows() throws IOException {
        String program = words(Files.readString(Path.of("src/test/java/org/multipoint/spark/DocumentedUseTest.java")));
        Matcher snippets = SNIPPET.matcher(Files.readString(Path.of("../docs/SPARK.md")));
        int count = 0;
        for (; snippets.find(); count++) {
            assertTrue(program.contains(words(snippets.group(1))), snippets.group(1));
        }
        assertEquals(2, count);
    }

    private static String words(String text) {
        return text.replaceAll("\\s+", " ").strip();
    }
}
