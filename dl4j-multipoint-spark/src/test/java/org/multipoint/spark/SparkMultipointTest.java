package org.multipoint.spark;

import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.storage.StorageLevel;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.multipoint.options.Method;
import org.multipoint.options.MultipointOptions;
import org.multipoint.transform.Multipoint;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.UnaryOperator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** What a cluster gives is what one machine gives. */
class SparkMultipointTest {

    private static final long[] IMAGE = {3, 8, 8};

    private static JavaSparkContext context;

    /** Two tasks at a time, each of which may fail twice. */
    @BeforeAll
    static void start() {
        context = Local.context("local[2,3]");
    }

    @AfterAll
    static void stop() {
        context.close();
    }

    private static JavaRDD<DataSet> spread(List<DataSet> batches, int partitions) {
        return context.parallelize(batches, partitions);
    }

    /** The stored form, which names where the examples come from. */
    private static String stored(ComputationGraph graph) {
        return graph.getConfiguration().toJson().replace("ExistingDataSetIterator", "JavaRDD");
    }

    private static String local(List<DataSet> batches, UnaryOperator<Multipoint<ComputationGraph>> settings) {
        return stored(settings.apply(Multipoint.of(Networks.residual()).calibrate(new ExistingDataSetIterator(batches))).transform().model());
    }

    private static String spread(JavaRDD<DataSet> batches, UnaryOperator<Multipoint<ComputationGraph>> settings) {
        return stored(settings.apply(SparkMultipoint.of(Networks.residual(), batches)).transform().model());
    }

    /** Points, entropy-coded weights with sensitivities, equalized ranges with a search for clipping, and layers quantized independently. */
    @Test
    void onePartitionGivesTheBytesOfALocalRun() {
        List<DataSet> batches = Networks.batches(8, IMAGE);
        List<UnaryOperator<Multipoint<ComputationGraph>>> settings = List.of(
                m -> m.bits(4),
                m -> m.storedBits(3),
                m -> m.bits(4).activationBits(4).options(MultipointOptions.builder().clipping(MultipointOptions.Clipping.OUTPUT_ERROR).build()),
                m -> m.method(Method.NEAREST).bits(4),
                m -> m.bits(3).memory(50_000));
        for (UnaryOperator<Multipoint<ComputationGraph>> setting : settings) {
            assertEquals(local(batches, setting), spread(spread(batches, 1), setting), "setting " + settings.indexOf(setting));
        }
    }

    /** Sums of double precision are added in another order, here and by executors: on these examples that changes nothing that is stored. */
    @Test
    void severalPartitionsGiveTheSameCodes() {
        List<DataSet> batches = Networks.batches(12, IMAGE);
        String local = local(batches, m -> m.bits(4));
        for (int partitions : new int[]{3, Job.AT_ONCE + 1}) {
            assertEquals(local, spread(spread(batches, partitions), m -> m.bits(4)), partitions + " partitions");
        }
    }

    /** Some partitions have no batches at all, one has only such as are too few to hold any out. */
    @Test
    void emptyPartitionsDoNotMatter() {
        List<DataSet> batches = Networks.batches(3, IMAGE);
        assertEquals(local(batches, m -> m.bits(4)), spread(spread(batches, 7), m -> m.bits(4)));
    }

    @Test
    void recurrentLayersOfANetworkOfLayers() {
        List<DataSet> batches = Networks.batches(10, 3, 6);
        MultiLayerNetwork local = Multipoint.of(Networks.recurrent()).calibrate(new ExistingDataSetIterator(batches)).transform().model();
        MultiLayerNetwork spread = SparkMultipoint.of(Networks.recurrent(), spread(batches, 2)).transform().model();
        INDArray probe = Nd4j.randn(2, 3, 6);
        assertEquals(local.output(probe), spread.output(probe));
    }

    /** All tasks that compute the second layer fail twice, after steps before it, and a part of the step itself, have changed what executors keep. */
    @Test
    void tasksThatAreTriedAgainChangeNothing() {
        List<DataSet> batches = Networks.batches(12, IMAGE);
        String undisturbed = spread(spread(batches, 3), m -> m.bits(4));
        Faltering.attempts = 2;
        try {
            assertEquals(undisturbed, spread(spread(batches, 3), m -> m.bits(4)));
            Faltering.attempts = 3;
            assertEquals("fails on purpose", rootOf(assertThrows(IllegalStateException.class, () -> spread(spread(batches, 3), m -> m.bits(4)))));
        } finally {
            Faltering.attempts = 0;
        }
        assertEquals(0, PerExecutor.held());
    }

    private static String rootOf(Throwable failure) {
        return failure.getCause() == null ? failure.getMessage() : rootOf(failure.getCause());
    }

    /** An input that is infinite is reported as it is on one machine, with the layer or batch. */
    @Test
    void failuresAreThoseOfALocalRun() {
        List<DataSet> batches = Networks.batches(6, IMAGE);
        batches.get(4).getFeatures().putScalar(3, Float.POSITIVE_INFINITY);
        IllegalArgumentException local = assertThrows(IllegalArgumentException.class, () -> local(batches, m -> m.bits(4)));
        IllegalArgumentException spread = assertThrows(IllegalArgumentException.class, () -> spread(spread(batches, 2), m -> m.bits(4)));
        assertEquals(local.getMessage(), spread.getMessage());
        assertThrows(IllegalArgumentException.class, () -> spread(context.<DataSet>emptyRDD(), m -> m.bits(4)));
    }

    @Test
    void nothingIsKeptAfterwards() {
        List<DataSet> batches = Networks.batches(6, IMAGE);
        spread(spread(batches, 2), m -> m.bits(4));
        assertTrue(context.getPersistentRDDs().isEmpty(), "RDDs: " + context.getPersistentRDDs());
        assertEquals(0, PerExecutor.held());
        JavaRDD<DataSet> persisted = spread(batches, 2).persist(StorageLevel.MEMORY_ONLY());
        spread(persisted, m -> m.bits(4));
        assertEquals(1, context.getPersistentRDDs().size());
        persisted.unpersist();
    }

    @Test
    void anInterruptEndsIt() {
        List<DataSet> batches = Networks.batches(6, IMAGE);
        List<String> layers = new ArrayList<>();
        assertThrows(CancellationException.class, () -> spread(spread(batches, 2), m -> m.bits(4).listener((phase, done, total, what) -> {
            layers.add(what);
            Thread.currentThread().interrupt();
        })));
        assertTrue(Thread.interrupted());
        assertEquals(1, layers.size());
        assertEquals(0, PerExecutor.held());
    }
}
