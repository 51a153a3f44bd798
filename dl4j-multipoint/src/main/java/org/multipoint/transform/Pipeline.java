package org.multipoint.transform;

import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.multipoint.internal.calibration.CalibrationData;
import org.multipoint.internal.engine.Engine;
import org.multipoint.internal.engine.FusedRows;
import org.multipoint.internal.graph.BatchNormFolding;
import org.multipoint.internal.graph.GraphEdit;
import org.multipoint.internal.graph.LinearVertex;
import org.multipoint.internal.graph.ReferenceNetwork;
import org.multipoint.layers.LayerKind;
import org.multipoint.layers.MultipointWeights;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.report.LayerReport;
import org.multipoint.report.MultipointReport;
import org.multipoint.report.Provenance;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.function.Function;
import java.util.function.IntFunction;

/**
 * The steps from a model to its transformed copy: fold, calibrate, allocate, quantize, build. Steps that do not depend on the budget are
 * done once, however many budgets are tried.
 */
final class Pipeline<M> {

    private final Settings settings;
    private final GraphEdit folded;
    private final Function<GraphEdit, M> build;
    private final TransformListener listener;
    private final Map<String, String> kept = new LinkedHashMap<>();
    private final Map<String, String> warnings = new LinkedHashMap<>();
    private final ReferenceNetwork network;
    private final List<LinearVertex> vertices;
    private final CalibrationData data;
    private final CalibrationPass calibration;

    /**
     * @param edit   the source model; changed by this
     * @param engine computes the reference network and the one quantized so far
     */
    Pipeline(Settings settings, GraphEdit edit, IntFunction<CalibrationData> source, Function<GraphEdit, M> build,
             TransformListener listener, Engine engine) {
        this.settings = settings;
        this.folded = edit;
        this.build = build;
        this.listener = listener;
        if (settings.options().foldBatchNormalization()) {
            kept.putAll(BatchNormFolding.fold(edit, settings.leftOut()));
        }
        ComputationGraph reference = edit.toGraph();
        network = new ReferenceNetwork(reference, engine);
        network.obstacles().forEach(kept::putIfAbsent);
        settings.leftOut().forEach(name -> kept.put(name, "left out as asked"));
        vertices = network.linear().values().stream().filter(v -> !settings.leftOut().contains(v.name())).toList();
        vertices.forEach(v -> v.kind().deviation(edit.layer(v.name())).ifPresent(w -> warnings.put(v.name(), w)));
        if (vertices.isEmpty()) {
            throw new IllegalArgumentException("The model has no layer that can be quantized: " + kept);
        }
        data = source.apply(reference.getNumInputArrays());
        calibration = new CalibrationPass(settings, network, data, listener);
    }

    /** The width of codes and what is spent on them. */
    record Plan(int bits, Budget budget) {
    }

    /**
     * Passes the calibration data through the network and finds what plans need.
     *
     * @param plans all plans to come
     */
    void calibrate(List<Plan> plans) {
        calibration.run(vertices, plans.stream().map(Plan::bits).distinct().toList());
    }

    /** Those of some plans whose budgets are enough for the network. */
    List<Plan> affordable(List<Plan> plans) {
        return plans.stream().filter(plan -> settings.strategy().affords(calibration.candidates(plan.bits), plan, weights())).toList();
    }

    private long weights() {
        return vertices.stream().flatMap(v -> v.operations().stream()).mapToLong(o -> o.op().weights()).sum();
    }

    /** The model and its report for a plan, whose width must have been calibrated. */
    Quantized<M> quantize(Plan plan) {
        Map<String, List<QuantizedOperation>> quantized = quantize(
                settings.strategy().quantizer(calibration.candidates(plan.bits), plan, weights()));
        Provenance provenance = provenance(plan);
        GraphEdit edit = folded.copy();
        quantized.forEach((name, operations) -> store(edit, name, operations, provenance));
        return new Quantized<>(build.apply(edit), report(edit, quantized, provenance));
    }

    /** A quantized model. */
    record Quantized<M>(M model, MultipointReport report) {
    }

    private Map<String, List<QuantizedOperation>> quantize(OperationQuantizer quantizer) {
        if (settings.strategy().isSequential()) {
            return new SequentialQuantization(settings, network, quantizer, new Activations.Budget(settings.memory())).run(data, listener);
        }
        IndependentQuantization independent = new IndependentQuantization(settings, network, calibration, (PointQuantizer) quantizer);
        Map<String, List<QuantizedOperation>> quantized = new LinkedHashMap<>();
        for (LinearVertex vertex : vertices) {
            quantized.put(vertex.name(), independent.quantize(vertex));
            listener.onProgress(TransformListener.Phase.QUANTIZATION, quantized.size(), vertices.size(), vertex.name());
        }
        return quantized;
    }

    private static void store(GraphEdit edit, String vertex, List<QuantizedOperation> operations, Provenance provenance) {
        MultipointWeights weights = new MultipointWeights(
                operations.stream().map(o -> MultipointWeights.Operation.of(o.matrix(), o.input())).toList(), provenance,
                edit.regularization(vertex));
        Layer layer = edit.layer(vertex);
        float[] bias = operations.get(operations.size() - 1).bias();
        Map<String, INDArray> params = Map.of(LayerKind.BIAS,
                Nd4j.create(bias, new long[]{1, bias.length}, 'c').castTo(edit.conf().getDataType()));
        edit.replace(vertex, LayerKind.ofPlain(layer).orElseThrow().quantized(layer, weights), params);
    }

    private MultipointReport report(GraphEdit edit, Map<String, List<QuantizedOperation>> quantized, Provenance provenance) {
        List<LayerReport> layers = new ArrayList<>();
        quantized.forEach((name, operations) -> operations.forEach(o -> layers.add(layerReport(network.linear().get(name), o))));
        long floats = 0;
        for (String vertex : edit.vertices().keySet()) {
            Map<String, INDArray> params = edit.params(vertex);
            floats += params == null ? 0 : params.values().stream().mapToLong(INDArray::length).sum();
        }
        Map<String, String> all = new LinkedHashMap<>(warnings);
        all.putAll(CalibrationWarnings.of(quantized.values().stream().flatMap(List::stream).toList(), calibration.images(), data.masked()));
        return new MultipointReport(layers, kept, all, floats, provenance);
    }

    private static LayerReport layerReport(LinearVertex vertex, QuantizedOperation operation) {
        MultipointMatrix m = operation.matrix();
        FusedRows fused = FusedRows.of(m, FusedRows.FULL_LIMIT);
        return new LayerReport(operation.name(), vertex.kind().name().toLowerCase(Locale.ROOT), m.rows(), m.columns(), m.bits(),
                Arrays.stream(m.histogram()).boxed().toList(), Arrays.stream(m.magnitudes()).boxed().toList(), m.storedBits(),
                operation.notionalBits(), operation.outputError(),
                fused.exactRows(), fused.rounding() / FusedRows.FULL_LIMIT, operation.inputReport());
    }

    private Provenance provenance(Plan plan) {
        return new Provenance(version(), settings.model(), settings.method().name().toLowerCase(Locale.ROOT), plan.bits,
                plan.budget.description(), calibration.images(), data.description(), settings.describe());
    }

    private static String version() {
        Properties properties = new Properties();
        try (InputStream in = Pipeline.class.getResourceAsStream("/org/multipoint/build.properties")) {
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties.getProperty("version");
    }
}
