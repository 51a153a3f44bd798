package org.multipoint.report;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.multipoint.testing.TestProvenance;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

class MultipointReportTest {

    private static MultipointReport report() {
        Map<String, String> kept = new LinkedHashMap<>();
        kept.put("lstm", "LSTM is not supported");
        kept.put("head", "left out as asked");
        return new MultipointReport(List.of(
                new LayerReport("conv", "convolution", 10, 27, 4, List.of(8, 2), List.of(200, 100, 24), 1500, 1500, 0.00123, 10, 0, new InputReport(8, 0.02f, 3, -0.1, 9, 0.01)),
                new LayerReport("dense", "dense", 4, 100, 2, List.of(1, 0, 3), List.of(0, 1000), 2212, 2212, 0.25, 1, 0.0039, InputReport.FLOATING)), kept,
                Map.of("dense", "few samples"), 1234567, TestProvenance.PROVENANCE);
    }

    @Test
    void sumsOverLayers() {
        MultipointReport report = report();
        assertEquals(270 + 400, report.weights());
        assertEquals(3712 / 8, report.storedBytes());
        assertEquals(3712.0 / 670, report.storedBitsPerWeight(), 1e-12);
        assertEquals((12 * 27 + 10 * 100) / 670.0, report.codesPerWeight(), 1e-12);
        assertEquals(1500 / 270.0, report.layers().get(0).bitsPerWeight(), 1e-12);
    }

    @Test
    void textIsATableAndWhatWasKept() {
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.GERMANY);
            assertEquals("""
                    1.0 times smaller: 4,938.7 kB of parameters instead of 4,940.9 kB. The largest error of an output is 0.25 of\
                     its variance, in "dense".
                    +-------+-------------+------+--------+------+-----------+-----+--------------+--------------+
                    | layer | kind        | rows | fan-in | bits | kB before |  kB | bits/ weight | output error |
                    +-------+-------------+------+--------+------+-----------+-----+--------------+--------------+
                    | conv  | convolution |   10 |     27 |    4 |       1.1 | 0.2 |         5.56 |     1.23e-03 |
                    | dense | dense       |    4 |    100 |    2 |       1.6 | 0.3 |         5.53 |     2.50e-01 |
                    +-------+-------------+------+--------+------+-----------+-----+--------------+--------------+
                    670 weights in 464 bytes: 5.540 bits and 1.976 codes per weight
                    1,234,567 parameters in fp32
                    kept in fp32: lstm (LSTM is not supported)
                    kept in fp32: head (left out as asked)
                    warning: dense (few samples)
                    rows by their points: 1: 9  2: 2  3: 3
                    added up to int8 rows when it runs: 11 of 14 exactly, the others to 0.39 %
                    made by\
                     dl4j-multipoint 1.2 of a ComputationGraph: calibrated, codes of 4 bits, 10 % extra points,\
                     calibrated on 32 examples from Images
                    with grid odd""", report().toString().replace("\r\n", "\n"));
        } finally {
            Locale.setDefault(before);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {100, 80})
    void longNamesDoNotMakeItWider(int width) {
        MultipointReport report = new MultipointReport(List.of(new LayerReport("model/block_6d/project/pointwise_conv/kernel",
                "separable convolution", 1024, 65536, 2, List.of(600, 300, 124), List.of(1, 2), 1L << 30, 1L << 30, 0.5, 100, 0.01, InputReport.FLOATING)),
                Map.of(), Map.of(), 0, TestProvenance.PROVENANCE);
        String text = report.toText(width);
        // The first line names a layer and the last ones settings, which are as long as they are.
        assertTrue(text.lines().skip(1).takeWhile(line -> !line.startsWith("made by")).allMatch(line -> line.length() <= width), text);
        assertTrue(text.contains("1: 600  2: 300  3: 124") && text.contains("5.00e-01"), text);
    }

    @Test
    void jsonHoldsEverything() throws Exception {
        JsonNode root = new ObjectMapper().readTree(report().toJson());
        assertEquals(670, root.get("weights").asInt());
        assertEquals(464, root.get("storedBytes").asInt());
        assertEquals(3712.0 / 670, root.get("storedBitsPerWeight").asDouble());
        assertEquals(3712.0 / 670, root.get("notionalBitsPerWeight").asDouble());
        assertEquals(1324 / 670.0, root.get("codesPerWeight").asDouble());
        assertEquals(1234567, root.get("floatParameters").asInt());
        assertEquals("left out as asked", root.get("kept").get("head").asText());
        assertEquals("few samples", root.get("warnings").get("dense").asText());
        assertEquals(4, root.get("provenance").get("bits").asInt());
        assertEquals("odd", root.get("provenance").get("settings").get("grid").asText());
        JsonNode conv = root.get("layers").get(0);
        assertEquals("conv", conv.get("name").asText());
        assertEquals(1500, conv.get("storedBits").asInt());
        assertEquals(1500, conv.get("notionalBits").asInt());
        assertEquals("[8,2]", conv.get("pointsPerRow").toString());
        assertEquals("[200,100,24]", conv.get("magnitudes").toString());
        assertEquals(0.00123, conv.get("outputError").asDouble());
        assertEquals(3, conv.get("input").get("zeroPoint").asInt());
    }

    @Test
    void measuredFiguresAreAdded() throws Exception {
        MultipointReport measured = report().with(new Measurement("top-1", "%", 91.5, 91)).with(new Measurement("seconds", "s", Double.NaN, 3));
        assertEquals(List.of(), report().measurements());
        assertEquals(report().layers(), measured.layers());
        JsonNode json = new ObjectMapper().readTree(measured.toJson()).get("measurements");
        assertEquals("{\"name\":\"top-1\",\"unit\":\"%\",\"before\":91.5,\"after\":91.0}", json.get(0).toString());
        assertEquals("{\"name\":\"seconds\",\"unit\":\"s\",\"after\":3.0}", json.get(1).toString());
    }

    @Test
    void bytesCountWhatStaysInFp32() {
        assertEquals((670 + 1234567) * 4L, report().fp32Bytes());
        assertEquals(464 + 1234567 * 4L, report().bytes());
        assertEquals(1080, report().layers().get(0).fp32Bytes());
    }

    @Test
    void storedAndNotionalSizesAreToldApart() throws Exception {
        MultipointReport report = new MultipointReport(List.of(new LayerReport("conv", "convolution", 10, 27, 8, List.of(10),
                List.of(135, 81, 50, 4), 2700, 810, 0.00123, 10, 0, new InputReport(8, 0.02f, 3, -0.1, 9, 0.01))), Map.of(), Map.of(), 10, TestProvenance.PROVENANCE);
        assertEquals(2700 / 8, report.storedBytes());
        assertEquals(10, report.storedBitsPerWeight());
        assertEquals(3, report.notionalBitsPerWeight());
        String text = report.toString();
        assertTrue(text.contains("270 weights in 337 bytes: 10.000 bits and 1.000 codes per weight\n3.000 notional bits per weight, in a "
                + "format made for the method\n10 parameters in fp32"), text);
        assertTrue(text.matches("(?s).*10\\.00 \\|\\s+3\\.00 \\|.*"), text);
        JsonNode root = new ObjectMapper().readTree(report.toJson());
        assertEquals(10, root.get("storedBitsPerWeight").asDouble());
        assertEquals(3, root.get("notionalBitsPerWeight").asDouble());
    }

    /** Entropy-coded weights are as small as their codes are uneven; where a table is narrow, it leaves that out. */
    @Test
    void codesOfEntropyCodedLayersAreShown() {
        Provenance provenance = new Provenance("1.2", "ComputationGraph", "coded", 8, "3 stored bits", 32, "Images", Map.of());
        LayerReport layer = new LayerReport("conv", "convolution", 10, 27, 8, List.of(10), List.of(135, 81, 50, 4), 510, 510, 0.00123, 10, 0,
                new InputReport(8, 0.02f, 3, -0.1, 9, 0.01));
        assertEquals(0.5, layer.share(0));
        assertEquals(0, layer.share(4));
        assertEquals((81 + 2 * 50 + 3 * 4) / 270.0, layer.meanMagnitude());
        MultipointReport report = new MultipointReport(List.of(layer), Map.of(), Map.of(), 10, provenance);
        String wide = report.toText(160);
        assertTrue(wide.matches("(?s).*\\| +50\\.0 \\| +30\\.0 \\| +0\\.71 \\| +3 \\| +1\\.23e-03 \\|.*"), wide);
        assertFalse(report.toText(100).contains("ones %"), report.toText(100));
        assertFalse(report().toText(160).contains("ones %"), report().toText(160));
    }

    @Test
    void listsAndMapsThatItWasMadeOfCanBeUsedFurther() {
        Map<String, String> kept = new LinkedHashMap<>(Map.of("lstm", "LSTM is not supported"));
        MultipointReport report = new MultipointReport(List.of(), kept, Map.of(), 0, TestProvenance.PROVENANCE);
        kept.clear();
        assertEquals(Map.of("lstm", "LSTM is not supported"), report.kept());
    }

    @Test
    void nothingQuantizedIsZeroNotNaN() {
        MultipointReport empty = new MultipointReport(List.of(), Map.of(), Map.of(), 0, TestProvenance.PROVENANCE);
        assertEquals(0, empty.storedBitsPerWeight());
        assertEquals(0, empty.codesPerWeight());
        assertTrue(empty.toString().contains("0 weights"));
    }
}
