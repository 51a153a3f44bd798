package org.multipoint.segments;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.multipoint.testing.TestNets;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.lossfunctions.LossFunctions;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class SegmentTest {

    private static final ObjectMapper MAPPER = NeuralNetConfiguration.mapper();

    private static ComputationGraph compiled(boolean loss) {
        return Segments.compile(TestNets.chain(InputType.feedForward(3), new DenseLayer.Builder().nOut(4).activation(Activation.RELU).build(),
                loss ? new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).nOut(2).activation(Activation.SOFTMAX).build()
                        : new DenseLayer.Builder().nOut(2).activation(Activation.IDENTITY).build())).graph();
    }

    private static Segment segment() {
        return Segment.of(compiled(false).getConfiguration().getVertices().get("l1")).orElseThrow();
    }

    private static ObjectNode json() {
        return MAPPER.valueToTree(segment());
    }

    private static String refusal(ObjectNode json) {
        return assertThrows(JsonProcessingException.class, () -> MAPPER.treeToValue(json, Segment.class)).getMessage();
    }

    @Test
    void jsonKeepsEverythingUnderFixedNames() throws JsonProcessingException {
        ObjectNode json = json();
        assertEquals(segment(), MAPPER.treeToValue(json, Segment.class));
        Set<String> names = new TreeSet<>();
        json.fieldNames().forEachRemaining(names::add);
        assertEquals(Set.of("version", "channelsLast", "inputs", "vertices", "vertexInputs"), names);
        assertEquals(1, json.get("version").intValue());
        assertEquals(segment(), MAPPER.treeToValue(json.put("comment", "of a later program"), Segment.class));
    }

    @Test
    void otherVersionsAreRefusedBeforeAnythingElseIsRead() {
        ObjectNode json = json().put("version", 2).put("vertices", "elsewhere");
        assertTrue(refusal(json).contains("Segment: found format version 2, this program reads version 1"));
        json.remove("version");
        assertTrue(refusal(json).contains("Segment: found no format version, this program reads version 1"));
    }

    @Test
    void missingPropertiesAreNamed() {
        for (String name : List.of("channelsLast", "inputs", "vertices", "vertexInputs")) {
            ObjectNode json = json();
            json.remove(name);
            assertTrue(refusal(json).contains("Segment: the property \"" + name + "\" is missing"));
        }
    }

    @Test
    void partsThatDoNotFitTogetherAreNamed() {
        ObjectNode unknown = json();
        ((ObjectNode) unknown.get("vertexInputs")).putArray("l1").add("l7");
        assertTrue(refusal(unknown).contains("Part \"l1\" of a segment must be a vertex that reads some of [in, l0], found a vertex that reads [l7]"));
        ObjectNode none = json();
        ((ObjectNode) none.get("vertexInputs")).remove("l0");
        assertTrue(refusal(none).contains("Part \"l0\" of a segment"));
        ObjectNode missing = json();
        ((ObjectNode) missing.get("vertices")).putNull("l1");
        assertTrue(refusal(missing).contains("found no vertex"));
        ObjectNode empty = json();
        empty.putObject("vertices");
        assertTrue(refusal(empty).contains("at least one part"));
        ObjectNode elsewhere = json();
        elsewhere.putArray("results").add("l7");
        assertTrue(refusal(elsewhere).contains("Results of a segment must be different parts of [l0, l1], found [l7]"));
    }

    @Test
    void theLastPartIsTheResultWhereNoneIsNamed() throws JsonProcessingException {
        Segment segment = segment();
        assertEquals(List.of("l1"), segment.results());
        Segment both = new Segment(segment.channelsLast(), segment.inputs(), segment.vertices(), segment.vertexInputs(), List.of("l1", "l0"), segment.additions());
        ObjectNode json = MAPPER.valueToTree(both);
        assertEquals(both, MAPPER.treeToValue(json, Segment.class));
        assertEquals(2, json.get("results").size());
        json.remove("results");
        assertEquals(segment, MAPPER.treeToValue(json, Segment.class));
    }

    @Test
    void additionsAreFloatingWhereNothingIsSaid() throws JsonProcessingException {
        Segment s = segment();
        assertEquals(Additions.FLOATING, s.additions());
        Segment integer = new Segment(s.channelsLast(), s.inputs(), s.vertices(), s.vertexInputs(), s.results(), Additions.INTEGER);
        ObjectNode json = MAPPER.valueToTree(integer);
        assertEquals("INTEGER", json.get("additions").textValue());
        assertEquals(integer, MAPPER.treeToValue(json, Segment.class));
        json.remove("additions");
        assertEquals(s, MAPPER.treeToValue(json, Segment.class));
        assertTrue(refusal(json.put("additions", "OTHER")).contains("INTEGER"));
    }

    @Test
    void resultsThatAreNotThereAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new SegmentResult(2, 2));
        assertThrows(IllegalArgumentException.class, () -> new SegmentResult(1, 0));
        assertThrows(IllegalArgumentException.class, () -> new SegmentResult(2, -1));
        String message = assertThrows(IllegalArgumentException.class,
                () -> new SegmentResult(2, 1).getOutputType(0, InputType.feedForward(3))).getMessage();
        assertTrue(message.contains("Expected the results of a segment"), message);
    }

    @Test
    void orderOfPartsIsChecked() {
        Map<String, GraphVertex> vertices = Map.of("add", new ElementWiseVertex(ElementWiseVertex.Op.Add));
        String message = assertThrows(IllegalArgumentException.class,
                () -> new Segment(false, List.of("a"), vertices, Map.of("add", List.of("a", "b")), List.of("add"), Additions.FLOATING)).getMessage();
        assertTrue(message.contains("Part \"add\"") && message.contains("[a, b]"), message);
    }

    @Test
    void verticesAndLayersWithoutASegmentAreRefused() throws JsonProcessingException {
        assertThrows(JsonProcessingException.class, () -> MAPPER.readValue("{\"@class\": \"" + SegmentVertex.class.getName() + "\"}", GraphVertex.class));
        ObjectNode json = MAPPER.valueToTree(compiled(true).getVertex("l1").getLayer().conf().getLayer());
        json.remove("segment");
        SegmentOutputLayer layer = MAPPER.treeToValue(json, SegmentOutputLayer.class);
        String message = assertThrows(IllegalStateException.class, () -> layer.setDataType(DataType.FLOAT)).getMessage();
        assertTrue(message.contains("Layer \"l1\": an output layer of a segment must have a segment"), message);
    }
}
