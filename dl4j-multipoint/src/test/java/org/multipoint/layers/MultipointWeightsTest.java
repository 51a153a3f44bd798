package org.multipoint.layers;

import org.junit.jupiter.api.Test;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.MalformedPayloadException;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.points.ScaleLayout;
import org.multipoint.testing.TestProvenance;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.exc.ValueInstantiationException;
import org.nd4j.shade.jackson.databind.node.IntNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;
import org.nd4j.shade.jackson.databind.node.TextNode;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class MultipointWeightsTest {

    private static MultipointMatrix matrix(int rows, int columns) {
        Random random = new Random(rows);
        MultipointMatrix.Builder builder = new MultipointMatrix.Builder(rows, columns, 8, CodeGrid.SYMMETRIC, ScaleLayout.PER_ROW);
        for (int r = 0; r < rows; r++) {
            builder.digits(r, 1, 0.5f, random.ints(columns, -127, 128).toArray());
        }
        return builder.build();
    }

    @Test
    void jsonKeepsEverything() throws Exception {
        MultipointWeights weights = new MultipointWeights(List.of(
                MultipointWeights.Operation.of(matrix(3, 5), Optional.of(new InputQuantization(0.123f, 17, 8))),
                MultipointWeights.Operation.of(matrix(2, 3), Optional.empty())), TestProvenance.PROVENANCE, 0.25);
        ObjectMapper mapper = new ObjectMapper();
        MultipointWeights read = mapper.readValue(mapper.writeValueAsString(weights), MultipointWeights.class);
        assertEquals(weights, read);
        assertEquals(matrix(3, 5), read.operations().get(0).matrix());
        assertEquals(Optional.of(new InputQuantization(0.123f, 17, 8)), read.operations().get(0).input());
        assertEquals(Optional.empty(), read.operations().get(1).input());
    }

    /** Readers of JSON limit the length of a string to 20 million characters. */
    @Test
    void longPayloadsAreCutIntoPieces() {
        MultipointMatrix large = matrix(1000, 2000);
        MultipointWeights.Operation operation = MultipointWeights.Operation.of(large, Optional.empty());
        assertTrue(operation.payload().size() > 1);
        for (String piece : operation.payload()) {
            assertTrue(piece.length() <= 1 << 20);
        }
        assertEquals(large, operation.matrix());
        assertTrue(operation.toString().length() < 100, "codes have no place in toString");
    }

    @Test
    void damagedPiecesAreNamed() {
        MultipointWeights.Operation operation = MultipointWeights.Operation.of(matrix(3, 5), Optional.empty());
        String text = operation.payload().get(0);
        for (String damaged : new String[]{text.substring(0, text.length() - 8), "", text.replace(text.charAt(30), text.charAt(31)), "%%"}) {
            MultipointWeights.Operation read = new MultipointWeights.Operation(List.of(damaged), 0, 0, 0);
            assertThrows(MalformedPayloadException.class, read::matrix, damaged);
        }
        assertThrows(MalformedPayloadException.class, () -> new MultipointWeights.Operation(null, 0, 0, 0).matrix());
    }

    private static ObjectNode json() {
        return new ObjectMapper().valueToTree(new MultipointWeights(
                List.of(MultipointWeights.Operation.of(matrix(2, 3), Optional.empty())), TestProvenance.PROVENANCE, 0.25));
    }

    private static String refusal(ObjectNode json) {
        return assertThrows(ValueInstantiationException.class, () -> new ObjectMapper().treeToValue(json, MultipointWeights.class)).getMessage();
    }

    @Test
    void propertiesOfTheFormatAreFixed() {
        assertEquals(Set.of("version", "operations", "provenance", "regularization"), names(json()));
        assertEquals(1, json().get("version").intValue());
        assertEquals(Set.of("payload", "inputScale", "inputZeroPoint", "inputBits"), names(json().get("operations").get(0)));
        assertEquals(Set.of("version", "model", "method", "bits", "budget", "examples", "iterator", "settings"), names(json().get("provenance")));
    }

    private static Set<String> names(JsonNode object) {
        Set<String> names = new TreeSet<>();
        object.fieldNames().forEachRemaining(names::add);
        return names;
    }

    @Test
    void otherVersionsAreRefusedBeforeAnythingElseIsRead() {
        for (JsonNode version : List.of(IntNode.valueOf(0), IntNode.valueOf(2), TextNode.valueOf("1"))) {
            ObjectNode json = json().put("operations", "elsewhere");
            json.set("version", version);
            String message = refusal(json);
            assertTrue(message.contains("Multipoint weights: found format version " + version + ", this program reads version 1"), message);
        }
        ObjectNode without = json();
        without.remove("version");
        assertTrue(refusal(without).contains("Multipoint weights: found no format version, this program reads version 1"));
    }

    @Test
    void missingPropertiesAreNamed() {
        for (String name : List.of("operations", "provenance", "regularization")) {
            ObjectNode json = json();
            json.remove(name);
            assertTrue(refusal(json).contains("Multipoint weights: the property \"" + name + "\" is missing"));
            json.putNull(name);
            assertTrue(refusal(json).contains("Multipoint weights: the property \"" + name + "\" is missing"));
        }
        ObjectNode json = json();
        json.put("operations", "elsewhere");
        String message = assertThrows(JsonProcessingException.class,
                () -> new ObjectMapper().treeToValue(json, MultipointWeights.class)).getMessage();
        assertTrue(message.contains("MultipointWeights$Operation"), message);
    }

    @Test
    void unknownPropertiesAreIgnored() throws JsonProcessingException {
        ObjectNode json = json();
        json.put("comment", "of a later program");
        ((ObjectNode) json.get("operations").get(0)).put("comment", "of a later program");
        assertEquals(new ObjectMapper().treeToValue(json(), MultipointWeights.class), new ObjectMapper().treeToValue(json, MultipointWeights.class));
    }

    @Test
    void weightsDoNotChangeWithWhatTheyWereMadeOf() {
        List<MultipointWeights.Operation> operations = new ArrayList<>(List.of(MultipointWeights.Operation.of(matrix(1, 1), Optional.empty())));
        MultipointWeights weights = new MultipointWeights(operations, TestProvenance.PROVENANCE, 0);
        operations.clear();
        assertEquals(1, weights.operations().size());
    }
}
