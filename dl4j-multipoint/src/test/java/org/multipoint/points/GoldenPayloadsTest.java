package org.multipoint.points;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.multipoint.testing.GoldenFiles;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.io.InputStream;
import java.util.HexFormat;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

/** Payloads of the first version, which are read and written for ever as they are here. */
class GoldenPayloadsTest {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    static Stream<JsonNode> payloads() throws IOException {
        try (InputStream in = GoldenFiles.open("payloads.json")) {
            return StreamSupport.stream(MAPPER.readTree(in).spliterator(), false);
        }
    }

    /** Those of free codes, and those on the trellis. */
    static Stream<Arguments> codedPayloads() throws IOException {
        Stream<Arguments> all = Stream.empty();
        for (CodeTrellis trellis : CodeTrellis.values()) {
            String file = trellis == CodeTrellis.FREE ? "coded-payloads.json" : "trellis-payloads.json";
            try (InputStream in = GoldenFiles.open(file)) {
                all = Stream.concat(all, StreamSupport.stream(MAPPER.readTree(in).spliterator(), false).map(p -> arguments(trellis, p)));
            }
        }
        return all;
    }

    @ParameterizedTest
    @MethodSource("codedPayloads")
    void codedPayloadsAreReadAndWrittenAsRecorded(CodeTrellis trellis, JsonNode golden) {
        int[][] codes = MAPPER.convertValue(golden.get("codes"), int[][].class);
        float[] scales = MAPPER.convertValue(golden.get("scales"), float[].class);
        byte[] payload = HexFormat.of().parseHex(golden.get("payload").asText());
        MultipointMatrix read = MultipointMatrix.fromBytes(payload);
        assertTrue(read.isCoded());
        MultipointMatrix.Builder builder = new MultipointMatrix.Builder(codes.length, codes[0].length, 8, CodeGrid.SYMMETRIC,
                ScaleLayout.valueOf(golden.get("layout").asText())).coded(trellis);
        for (int r = 0; r < codes.length; r++) {
            for (int c = 0; c < codes[r].length; c++) {
                assertEquals(codes[r][c], read.code(r, 0, c), "row " + r + ", column " + c);
            }
            assertEquals(scales[r], read.scale(r, 0));
            builder.digits(r, 1, scales[r], codes[r]);
        }
        assertEquals(golden.get("payload").asText(), HexFormat.of().formatHex(builder.build().toBytes()));
    }

    @ParameterizedTest
    @MethodSource("payloads")
    void payloadsAreReadAsRecorded(JsonNode golden) {
        MultipointMatrix m = MultipointMatrix.fromBytes(HexFormat.of().parseHex(golden.get("payload").asText()));
        float[][] scales = MAPPER.convertValue(golden.get("scales"), float[][].class);
        int[][][] codes = MAPPER.convertValue(golden.get("codes"), int[][][].class);
        assertEquals(golden.get("grid").asText(), m.grid().name());
        assertEquals(golden.get("layout").asText(), m.layout().name());
        assertEquals(golden.get("bits").asInt(), m.bits());
        assertEquals(codes.length, m.rows());
        assertEquals(codes[0][0].length, m.columns());
        for (int r = 0; r < m.rows(); r++) {
            assertEquals(codes[r].length, m.points(r));
            for (int i = 0; i < m.points(r); i++) {
                assertEquals(scales[r][i], m.scale(r, i));
                for (int c = 0; c < m.columns(); c++) {
                    assertEquals(codes[r][i][c], m.code(r, i, c), "row " + r + ", point " + i + ", column " + c);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("payloads")
    void payloadsAreWrittenAsRecorded(JsonNode golden) {
        float[][] scales = MAPPER.convertValue(golden.get("scales"), float[][].class);
        int[][][] codes = MAPPER.convertValue(golden.get("codes"), int[][][].class);
        MultipointMatrix.Builder builder = new MultipointMatrix.Builder(codes.length, codes[0][0].length, golden.get("bits").asInt(),
                CodeGrid.valueOf(golden.get("grid").asText()), ScaleLayout.valueOf(golden.get("layout").asText()));
        for (int r = 0; r < codes.length; r++) {
            builder.points(r, scales[r], codes[r]);
        }
        assertEquals(golden.get("payload").asText(), HexFormat.of().formatHex(builder.build().toBytes()));
    }

    @Test
    void everyGridLayoutAndNumberOfPointsIsThere() throws IOException {
        Set<String> expected = new TreeSet<>();
        for (CodeGrid grid : CodeGrid.values()) {
            for (ScaleLayout layout : ScaleLayout.values()) {
                for (int most = 1; most <= 3; most++) {
                    expected.add(grid + " " + layout + " " + most);
                }
            }
        }
        Set<String> found = new TreeSet<>();
        payloads().forEach(p -> found.add(p.get("grid").asText() + " " + p.get("layout").asText() + " " + p.get("codes").get(2).size()));
        assertEquals(expected, found);
    }
}
