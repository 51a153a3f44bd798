package org.multipoint.transform;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.multipoint.layers.MultipointWeights;
import org.multipoint.points.IntegerRows;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.quantizer.ErrorCurves;
import org.multipoint.report.LayerReport;
import org.multipoint.report.MultipointReport;
import org.multipoint.walk.CalibrationData;
import org.multipoint.walk.GraphWalk;
import org.multipoint.walk.LinearVertex;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/** The way from a model to its transformed copy: fold, survey, allocate, quantize, build. */
final class Pipeline {

    private final Settings settings;
    private final GraphEdit edit;
    private final TransformListener listener;
    private final Map<String, String> kept = new LinkedHashMap<>();

    /**
     * @param edit changed by this
     */
    Pipeline(Settings settings, GraphEdit edit, TransformListener listener) {
        this.settings = settings;
        this.edit = edit;
        this.listener = listener;
    }

    <M> MultipointResult<M> run(IntFunction<CalibrationData> source, Function<GraphEdit, M> build, String modelKind) {
        long start = System.nanoTime();
        if (settings.foldBatchNormalization) {
            kept.putAll(BatchNormFolding.fold(edit, settings.leftOut));
        }
        ComputationGraph reference = edit.toGraph();
        GraphWalk walk = new GraphWalk(reference);
        walk.obstacles().forEach(kept::putIfAbsent);
        settings.leftOut.forEach(name -> kept.put(name, "left out as asked"));
        List<LinearVertex> vertices = walk.linear().values().stream()
                .filter(v -> !settings.leftOut.contains(v.name())).toList();
        if (vertices.isEmpty()) {
            throw new IllegalArgumentException("The model has no layer that can be quantized: " + kept);
        }
        CalibrationData data = source.apply(reference.getNumInputArrays());
        Survey survey = new Survey(settings, walk, data, listener);
        survey.run(vertices);
        Map<String, int[]> points = allocate(vertices, survey);
        double calibrated = System.nanoTime();

        Map<String, List<QuantizedStage>> quantized = quantize(walk, vertices, survey, data, points);
        Map<String, String> provenance = provenance(data, survey.images(), modelKind);
        quantized.forEach((name, stages) -> store(name, stages, provenance));
        M model = build.apply(edit);
        MultipointReport report = report(walk, quantized, provenance);
        return new MultipointResult<>(model, report, (calibrated - start) / 1e9, (System.nanoTime() - calibrated) / 1e9);
    }

    private Map<String, int[]> allocate(List<LinearVertex> vertices, Survey survey) {
        List<String> names = vertices.stream().flatMap(v -> v.stages().stream()).map(LinearVertex.Stage::name).toList();
        List<ErrorCurves> curves = names.stream().map(survey::curves).toList();
        int[][] allocated = settings.allocation.allocate(curves);
        Map<String, int[]> points = new LinkedHashMap<>();
        for (int i = 0; i < names.size(); i++) {
            points.put(names.get(i), allocated[i]);
        }
        return points;
    }

    private Map<String, List<QuantizedStage>> quantize(GraphWalk walk, List<LinearVertex> vertices, Survey survey,
                                                       CalibrationData data, Map<String, int[]> points) {
        if (settings.method == Method.CALIBRATED) {
            return new SequentialQuantization(settings, walk).run(data, points, listener);
        }
        IndependentQuantization independent = new IndependentQuantization(settings, survey);
        Map<String, List<QuantizedStage>> quantized = new LinkedHashMap<>();
        for (LinearVertex vertex : vertices) {
            quantized.put(vertex.name(), independent.quantize(vertex, points));
            listener.onProgress(TransformListener.Phase.QUANTIZATION, quantized.size(), vertices.size(), vertex.name());
        }
        return quantized;
    }

    private void store(String vertex, List<QuantizedStage> stages, Map<String, String> provenance) {
        MultipointWeights weights = new MultipointWeights(
                stages.stream().map(s -> MultipointWeights.Stage.of(s.matrix(), s.input())).toList(), provenance);
        org.deeplearning4j.nn.conf.layers.Layer layer = edit.layer(vertex);
        float[] bias = stages.get(stages.size() - 1).bias();
        Map<String, INDArray> params = Map.of("b",
                Nd4j.create(bias, new long[]{1, bias.length}, 'c').castTo(edit.conf().getDataType()));
        edit.replace(vertex, org.multipoint.layers.LayerKind.ofPlain(layer).orElseThrow().quantized(layer, weights), params);
    }

    private MultipointReport report(GraphWalk walk, Map<String, List<QuantizedStage>> quantized, Map<String, String> provenance) {
        List<LayerReport> layers = new ArrayList<>();
        quantized.forEach((name, stages) -> stages.forEach(s -> layers.add(layerReport(walk.linear().get(name), s))));
        long floats = 0;
        for (String vertex : edit.vertices().keySet()) {
            Map<String, INDArray> params = edit.params(vertex);
            floats += params == null ? 0 : params.values().stream().mapToLong(INDArray::length).sum();
        }
        return new MultipointReport(layers, kept, floats, provenance);
    }

    private static LayerReport layerReport(LinearVertex vertex, QuantizedStage stage) {
        MultipointMatrix m = stage.matrix();
        int exact = (int) IntStream.range(0, m.rows()).filter(r -> m.fusesExactly(r, IntegerRows.FULL_LIMIT)).count();
        return new LayerReport(stage.name(), vertex.kind().name().toLowerCase(), m.rows(), m.columns(), m.bits(),
                Arrays.stream(m.histogram()).boxed().toList(), m.storedBits(), stage.outputError(), exact,
                stage.input().map(q -> q.scale()).orElse(0f), stage.input().map(q -> q.zeroPoint()).orElse(0));
    }

    private Map<String, String> provenance(CalibrationData data, long images, String modelKind) {
        Map<String, String> provenance = new TreeMap<>(settings.describe());
        provenance.put("model", modelKind);
        provenance.put("calibration", images + " examples from " + data.description());
        provenance.put("version", version());
        return provenance;
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
