package org.multipoint.layers;

import org.junit.jupiter.api.Test;
import org.multipoint.linear.InputQuantization;
import org.multipoint.points.CodeGrid;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.points.MultipointPayload.MalformedPayloadException;
import org.multipoint.points.ScaleLayout;
import org.nd4j.shade.jackson.databind.ObjectMapper;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
                MultipointWeights.Stage.of(matrix(3, 5), Optional.of(new InputQuantization(0.123f, 17, 8))),
                MultipointWeights.Stage.of(matrix(2, 3), Optional.empty())), Map.of("version", "x", "bits", "4"), 0.25);
        ObjectMapper mapper = new ObjectMapper();
        MultipointWeights read = mapper.readValue(mapper.writeValueAsString(weights), MultipointWeights.class);
        assertEquals(weights, read);
        assertEquals(matrix(3, 5), read.stages().get(0).matrix());
        assertEquals(Optional.of(new InputQuantization(0.123f, 17, 8)), read.stages().get(0).input());
        assertEquals(Optional.empty(), read.stages().get(1).input());
        assertEquals("{bits=4, version=x}", read.provenance().toString());
    }

    /** Readers of JSON limit the length of a string to 20 million characters. */
    @Test
    void longPayloadsAreCutIntoPieces() {
        MultipointMatrix large = matrix(1000, 2000);
        MultipointWeights.Stage stage = MultipointWeights.Stage.of(large, Optional.empty());
        assertTrue(stage.payload().size() > 1);
        for (String piece : stage.payload()) {
            assertTrue(piece.length() <= 1 << 20);
        }
        assertEquals(large, stage.matrix());
        assertTrue(stage.toString().length() < 100, "codes have no place in toString");
    }

    @Test
    void damagedPiecesAreNamed() {
        MultipointWeights.Stage stage = MultipointWeights.Stage.of(matrix(3, 5), Optional.empty());
        String text = stage.payload().get(0);
        for (String damaged : new String[]{text.substring(0, text.length() - 8), "", text.replace(text.charAt(30), text.charAt(31)), "%%"}) {
            MultipointWeights.Stage read = new MultipointWeights.Stage(List.of(damaged), 0, 0, 0);
            assertThrows(MalformedPayloadException.class, read::matrix, damaged);
        }
        assertThrows(MalformedPayloadException.class, () -> new MultipointWeights.Stage(null, 0, 0, 0).matrix());
    }

    @Test
    void weightsDoNotChangeWithWhatTheyWereMadeOf() {
        List<MultipointWeights.Stage> stages = new ArrayList<>(List.of(MultipointWeights.Stage.of(matrix(1, 1), Optional.empty())));
        MultipointWeights weights = new MultipointWeights(stages, null, 0);
        stages.clear();
        assertEquals(1, weights.stages().size());
        assertEquals(Map.of(), weights.provenance());
    }
}
