package org.multipoint.layers;

import org.junit.jupiter.api.Test;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.MalformedPayloadException;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.points.ScaleLayout;
import org.multipoint.testing.TestProvenance;
import org.nd4j.shade.jackson.databind.ObjectMapper;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

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

    @Test
    void weightsDoNotChangeWithWhatTheyWereMadeOf() {
        List<MultipointWeights.Operation> operations = new ArrayList<>(List.of(MultipointWeights.Operation.of(matrix(1, 1), Optional.empty())));
        MultipointWeights weights = new MultipointWeights(operations, TestProvenance.PROVENANCE, 0);
        operations.clear();
        assertEquals(1, weights.operations().size());
    }
}
