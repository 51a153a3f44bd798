package org.multipoint.transform;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.multipoint.internal.engine.Engine;
import org.multipoint.internal.engine.FusedRows;
import org.multipoint.internal.examples.Examples;
import org.multipoint.internal.graph.BatchNormFolding;
import org.multipoint.internal.graph.ChannelScaling;
import org.multipoint.internal.graph.GraphEdit;
import org.multipoint.internal.graph.LinearVertex;
import org.multipoint.internal.graph.ReferenceNetwork;
import org.multipoint.internal.graph.WeightOnlyVertex;
import org.multipoint.internal.graph.WeightVertex;
import org.multipoint.layers.MultipointWeights;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.report.LayerReport;
import org.multipoint.report.MultipointReport;
import org.multipoint.report.Provenance;
import org.multipoint.report.SensitivityReport;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * The steps from a model to its transformed copy: fold, equalize, calibrate, allocate, quantize, build. Steps that do not depend on the budget are
 * done once, however many budgets are tried.
 */
final class Pipeline<M> implements AutoCloseable {

    private final Settings settings;
    private final GraphEdit folded;
    private final Function<GraphEdit, M> build;
    private final TransformListener listener;
    private final Map<String, String> kept = new LinkedHashMap<>();
    private final Map<String, String> warnings = new LinkedHashMap<>();
    private final int equalized;
    private final ReferenceNetwork network;
    private final List<WeightVertex> vertices;
    private final Examples examples;
    private final CalibrationPass calibration;

    /**
     * @param edit   the source model; changed by this
     * @param engine computes the reference network and the one quantized so far
     */
    Pipeline(Settings settings, GraphEdit edit, ExampleSource source, Function<GraphEdit, M> build,
             TransformListener listener, Engine engine) {
        this.settings = settings;
        this.folded = edit;
        this.build = build;
        this.listener = listener;
        if (settings.options().foldBatchNormalization()) {
            kept.putAll(BatchNormFolding.fold(edit, settings.leftOut()));
        }
        ReferenceNetwork unscaled = new ReferenceNetwork(edit.toGraph(), engine);
        unscaled.obstacles().forEach(kept::putIfAbsent);
        settings.leftOut().forEach(name -> kept.put(name, "left out as asked"));
        if (chosen(unscaled).isEmpty()) {
            throw new IllegalArgumentException("The model has no layer that can be quantized: " + kept);
        }
        Examples seen = source.open(unscaled, settings.memory());
        equalized = settings.mayEqualize() ? equalize(edit, unscaled, seen) : 0;
        if (equalized > 0) {
            seen.close();
        }
        network = equalized > 0 ? new ReferenceNetwork(edit.toGraph(), engine) : unscaled;
        examples = equalized > 0 ? source.open(network, settings.memory()) : seen;
        vertices = chosen(network);
        vertices.stream().filter(LinearVertex.class::isInstance).map(LinearVertex.class::cast)
                .forEach(v -> v.kind().deviation(edit.layer(v.name())).ifPresent(w -> warnings.put(v.name(), w)));
        calibration = new CalibrationPass(settings, network, examples, listener);
    }

    private List<WeightVertex> chosen(ReferenceNetwork of) {
        return of.withWeights().values().stream().filter(v -> !settings.leftOut().contains(v.name())).toList();
    }

    /**
     * Scales channels to equal ranges, where that pays.
     *
     * @param before the network as it is
     * @param seen   examples with that network; they are closed where this fails
     * @return the number of channels whose ranges are equal afterwards, 0 where they are better left as they are
     */
    private int equalize(GraphEdit edit, ReferenceNetwork before, Examples seen) {
        try {
            ChannelScaling scaling = ChannelScaling.of(edit, settings.leftOut());
            if (scaling.channels() == 0) {
                return 0;
            }
            RangeEqualization equalization = new RangeEqualization(scaling, before);
            if (!settings.equalizes(() -> equalization.isWorthwhile(seen.first(), settings.inputLevels()))) {
                return 0;
            }
            equalization.run(seen, listener);
            return scaling.channels();
        } catch (RuntimeException | Error e) {
            seen.close();
            throw e;
        }
    }

    /** Releases what is held for the examples. */
    @Override
    public void close() {
        examples.close();
    }

    /** Adds a warning to all reports to come. */
    void warn(String name, String what) {
        warnings.put(name, what);
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

    /** What the quantization of each layer by a plan does to the outputs; the width of the plan must have been calibrated. */
    SensitivityReport sensitivity(Plan plan) {
        Map<String, List<QuantizedOperation>> quantized = quantizedBy(plan);
        Provenance provenance = provenance(plan);
        Function<Set<String>, ComputationGraph> ofThese = names -> {
            GraphEdit edit = folded.copy();
            names.forEach(name -> store(edit, name, quantized.get(name), provenance));
            return edit.toGraph();
        };
        return new LayerSensitivities(examples.first(), ofThese, listener).of(quantized);
    }

    private Map<String, List<QuantizedOperation>> quantizedBy(Plan plan) {
        return quantize(settings.strategy().quantizer(calibration.candidates(plan.bits), plan, weights()));
    }

    /** The model and its report for a plan, whose width must have been calibrated. */
    Quantized<M> quantize(Plan plan) {
        Map<String, List<QuantizedOperation>> quantized = quantizedBy(plan);
        Provenance provenance = provenance(plan);
        GraphEdit edit = folded.copy();
        quantized.forEach((name, operations) -> store(edit, name, operations, provenance));
        return new Quantized<>(build.apply(edit), report(edit, quantized, plan, provenance));
    }

    /** A quantized model. */
    record Quantized<M>(M model, MultipointReport report) {
    }

    private Map<String, List<QuantizedOperation>> quantize(OperationQuantizer quantizer) {
        if (settings.strategy().isSequential()) {
            return new SequentialQuantization(settings, network, quantizer, examples).run(listener);
        }
        IndependentQuantization independent = new IndependentQuantization(settings, network, calibration, (PointQuantizer) quantizer);
        Map<String, List<QuantizedOperation>> quantized = new LinkedHashMap<>();
        for (WeightVertex vertex : vertices) {
            quantized.put(vertex.name(), independent.quantize(vertex));
            listener.onProgress(TransformListener.Phase.QUANTIZATION, quantized.size(), vertices.size(), vertex.name());
        }
        return quantized;
    }

    private void store(GraphEdit edit, String vertex, List<QuantizedOperation> operations, Provenance provenance) {
        MultipointWeights weights = new MultipointWeights(
                operations.stream().map(o -> MultipointWeights.Operation.of(o.matrix(), o.input())).toList(), provenance,
                edit.regularization(vertex));
        WeightVertex.Stored stored = network.withWeights().get(vertex).stored(edit.layer(vertex), edit.params(vertex), weights,
                operations.stream().map(QuantizedOperation::bias).toList());
        Map<String, INDArray> params = new LinkedHashMap<>();
        stored.params().forEach((key, param) -> params.put(key, param.castTo(edit.conf().getDataType())));
        edit.replace(vertex, stored.layer(), params);
    }

    private MultipointReport report(GraphEdit edit, Map<String, List<QuantizedOperation>> quantized, Plan plan, Provenance provenance) {
        List<LayerReport> layers = new ArrayList<>();
        quantized.forEach((name, operations) -> operations.forEach(o -> layers.add(layerReport(network.withWeights().get(name), o))));
        long floats = 0;
        for (String vertex : edit.vertices().keySet()) {
            Map<String, INDArray> params = edit.params(vertex);
            floats += params == null ? 0 : params.values().stream().mapToLong(INDArray::length).sum();
        }
        Map<String, String> all = new LinkedHashMap<>(edit.changes());
        all.putAll(warnings);
        all.putAll(CalibrationWarnings.of(quantized.values().stream().flatMap(List::stream).toList(), calibration.images(), calibration.masked()));
        long bits = layers.stream().mapToLong(LayerReport::notionalBits).sum();
        if (plan.budget.isStored() && bits > plan.budget.bitsOf(weights())) {
            all.put("budget", String.format(Locale.ROOT,
                    "%s: these layers take %.3f stored bits per weight at least, %,d bytes, with codes of %d bits",
                    plan.budget.description(), (double) bits / weights(), bits / Byte.SIZE, plan.bits));
        }
        return new MultipointReport(layers, kept, all, floats, provenance);
    }

    private static LayerReport layerReport(WeightVertex vertex, QuantizedOperation operation) {
        MultipointMatrix m = operation.matrix();
        if (vertex instanceof WeightOnlyVertex) {
            return layerReport(vertex, operation, m.rows(), 0);
        }
        FusedRows fused = FusedRows.of(m, FusedRows.FULL_LIMIT);
        return layerReport(vertex, operation, fused.exactRows(), fused.rounding() / FusedRows.FULL_LIMIT);
    }

    private static LayerReport layerReport(WeightVertex vertex, QuantizedOperation operation, int exactRows, double rounding) {
        MultipointMatrix m = operation.matrix();
        return new LayerReport(operation.name(), vertex.kindName().toLowerCase(Locale.ROOT), m.rows(), m.columns(), m.bits(),
                Arrays.stream(m.histogram()).boxed().toList(), Arrays.stream(m.magnitudes()).boxed().toList(), m.storedBits(),
                operation.notionalBits(), operation.outputError(),
                exactRows, rounding, operation.inputReport());
    }

    private Provenance provenance(Plan plan) {
        Map<String, String> used = settings.describe();
        if (equalized > 0) {
            used.put("equalizedChannels", String.valueOf(equalized));
        }
        return new Provenance(Provenance.currentVersion(), settings.model(), settings.method().name().toLowerCase(Locale.ROOT), plan.bits,
                plan.budget.description(), calibration.images(), examples.description(), used);
    }
}
