package org.multipoint.transform;

import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.multipoint.internal.engine.FusedRows;
import org.multipoint.layers.MultipointWeights;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.points.ScaleLayout;
import org.multipoint.segments.Segment;
import org.multipoint.testing.GoldenFiles;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Models saved by the first version, which every later one must read. */
class GoldenModelsTest {

    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final List<String> NAMES = List.of("graph", "network", "compiled", "adding", "coded");

    private static Model restored(String name) throws IOException {
        try (InputStream in = GoldenFiles.open(name + ".zip")) {
            return name.equals("network") ? ModelSerializer.restoreMultiLayerNetwork(in, false) : ModelSerializer.restoreComputationGraph(in, false);
        }
    }

    private static JsonNode configuration(String name) throws IOException {
        try (ZipInputStream in = new ZipInputStream(GoldenFiles.open(name + ".zip"))) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                if (entry.getName().equals("configuration.json")) {
                    return MAPPER.readTree(in.readAllBytes());
                }
            }
        }
        throw new AssertionError(name + ".zip has no configuration.json");
    }

    private static List<Layer> layers(Model model) {
        if (model instanceof MultiLayerNetwork network) {
            return network.getLayerWiseConfigurations().getConfs().stream().map(c -> c.getLayer()).toList();
        }
        return ((ComputationGraph) model).getConfiguration().getVertices().values().stream()
                .flatMap(v -> Segment.of(v).map(s -> s.vertices().values().stream()).orElse(Stream.of(v)))
                .flatMap(GoldenModelsTest::layer).toList();
    }

    private static Stream<Layer> layer(GraphVertex vertex) {
        return vertex instanceof LayerVertex v ? Stream.of(v.getLayerConf().getLayer()) : Stream.empty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"graph", "network", "compiled", "adding", "coded"})
    void outputsAreThoseRecorded(String name) throws IOException {
        ObjectNode recorded;
        try (InputStream in = GoldenFiles.open(name + ".json")) {
            recorded = (ObjectNode) MAPPER.readTree(in);
        }
        INDArray expected = GoldenFiles.array(recorded, "output");
        INDArray output = GoldenFiles.output(restored(name), GoldenFiles.array(recorded, "input"));
        assertEquals(0, output.sub(expected).amaxNumber().doubleValue(), GoldenFiles.TOLERANCE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"graph", "network", "compiled", "adding", "coded"})
    void configurationsAreWrittenAsTheyWereRead(String name) throws IOException {
        Model model = restored(name);
        String json = model instanceof ComputationGraph graph ? graph.getConfiguration().toJson()
                : ((MultiLayerNetwork) model).getLayerWiseConfigurations().toJson();
        assertEquals(configuration(name), MAPPER.readTree(json));
    }

    /** So the integers are the same on every CPU, and outputs can be compared. */
    @Test
    void codesFuseExactlyForEveryCpu() throws IOException {
        int extra = 0;
        for (String name : NAMES) {
            for (Layer layer : layers(restored(name))) {
                for (MultipointWeights.Operation operation : MultipointWeights.of(layer).map(MultipointWeights::operations).orElse(List.of())) {
                    MultipointMatrix m = operation.matrix();
                    assertEquals(name.equals("coded"), m.isCoded());
                    assertTrue(m.histogram().length == 1 || m.layout() == ScaleLayout.PER_ROW);
                    assertTrue(largest(m) <= FusedRows.SAFE_LIMIT, name + " " + layer.getLayerName() + ": " + m);
                    extra += m.totalPoints() - m.rows();
                }
            }
        }
        assertTrue(extra > 20, extra + " extra points");
    }

    private static int largest(MultipointMatrix m) {
        int largest = 0;
        for (int r = 0; r < m.rows(); r++) {
            for (int c = 0; c < m.columns(); c++) {
                largest = Math.max(largest, Math.abs(m.integer(r, c)));
            }
        }
        return largest;
    }

    @Test
    void additionsAreAsTheyWereCompiled() throws IOException {
        assertEquals(List.of("INTEGER"), configuration("adding").findValuesAsText("additions").stream().distinct().toList());
        assertEquals(List.of(), configuration("compiled").findValuesAsText("additions"));
    }

    /** These names stand in every file: no class of them can be renamed or moved. */
    @Test
    void classNamesOfTheFormatAreFixed() throws IOException {
        Set<String> names = new TreeSet<>();
        for (String name : NAMES) {
            configuration(name).findValuesAsText("@class").stream().filter(c -> c.startsWith("org.multipoint.")).forEach(names::add);
        }
        assertEquals(new TreeSet<>(List.of(
                "org.multipoint.layers.MultipointConvolution1DLayer",
                "org.multipoint.layers.MultipointConvolutionLayer",
                "org.multipoint.layers.MultipointDeconvolution2D",
                "org.multipoint.layers.MultipointDenseLayer",
                "org.multipoint.layers.MultipointDepthwiseConvolution2D",
                "org.multipoint.layers.MultipointOutputLayer",
                "org.multipoint.layers.MultipointRnnOutputLayer",
                "org.multipoint.layers.MultipointSeparableConvolution2D",
                "org.multipoint.segments.SegmentOutputLayer",
                "org.multipoint.segments.SegmentVertex")), names);
    }
}
