package org.multipoint.detection;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.multipoint.datasets.Box;
import org.multipoint.datasets.LabelledBox;
import org.multipoint.detection.AveragePrecision.Definition;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/**
 * The figures of {@code detections.txt} (30 images, 3 classes, random boxes) are those of others: of pycocotools 2.0 for COCO, with boxes times 1,000 and no
 * object difficult; for PASCAL VOC of a NumPy program after the development kit ({@code VOCap.m}, {@code VOCevaldet.m}), with lengths right - left in
 * place of right - left + 1, and recall compared exactly.
 */
class AveragePrecisionTest {

    private static final int IMAGES = 30;
    private static final int CLASSES = 3;

    @ParameterizedTest
    @CsvSource({
        "VOC_2007, 0.5, 0.6395410786, 0.5481699152, 0.7670837172, 0.6033696034",
        "VOC_AREA, 0.5, 0.6450113516, 0.5650735635, 0.7880643094, 0.5818961819",
        "VOC_2007, 0.75, 0.4761778478, 0.3967583030, 0.5978623065, 0.4339129339",
        "VOC_AREA, 0.75, 0.4857146639, 0.4196296050, 0.5969199461, 0.4405944406"})
    void vocWithDifficultObjects(Definition definition, double overlap, double mean, double a, double b, double c) throws IOException {
        AveragePrecision measured = read(true);
        assertEquals(mean, measured.mean(definition, overlap), 1e-9);
        assertEquals(a, measured.ofClass(definition, overlap, 0).orElseThrow(), 1e-9);
        assertEquals(b, measured.ofClass(definition, overlap, 1).orElseThrow(), 1e-9);
        assertEquals(c, measured.ofClass(definition, overlap, 2).orElseThrow(), 1e-9);
    }

    @Test
    void coco() throws IOException {
        AveragePrecision measured = read(false);
        assertEquals(IMAGES, measured.images());
        assertEquals(0.4377014013, measured.coco(), 1e-9);
        assertEquals(0.6470586689, measured.mean(Definition.COCO, 0.5), 1e-9);
        assertEquals(0.4915661283, measured.mean(Definition.COCO, 0.75), 1e-9);
        assertEquals(0.7857792944, measured.ofClass(Definition.COCO, 0.5, 1).orElseThrow(), 1e-9);
    }

    private static AveragePrecision read(boolean difficult) throws IOException {
        List<String[]> lines;
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(
                AveragePrecisionTest.class.getResourceAsStream("detections.txt"), StandardCharsets.UTF_8))) {
            lines = reader.lines().filter(line -> !line.startsWith("#")).map(line -> line.split(" ")).toList();
        }
        AveragePrecision measured = new AveragePrecision(CLASSES);
        for (int i = 0; i < IMAGES; i++) {
            String image = String.valueOf(i);
            measured.add(lines.stream().filter(l -> l[0].equals("object") && l[1].equals(image))
                            .map(l -> new LabelledBox(box(l), Integer.parseInt(l[2]), difficult && l[3].equals("1"))).toList(),
                    lines.stream().filter(l -> l[0].equals("found") && l[1].equals(image))
                            .map(l -> new Detection(box(l), Integer.parseInt(l[2]), Double.parseDouble(l[3]))).toList());
        }
        return measured;
    }

    private static Box box(String[] line) {
        double[] v = IntStream.range(4, 8).mapToDouble(i -> Double.parseDouble(line[i])).toArray();
        return new Box(v[0], v[1], v[2], v[3]);
    }

    /** Right, wrong, right; of two objects: precision 1, 1/2, 2/3 at recall 1/2, 1/2, 1. */
    @Test
    void byHand() {
        AveragePrecision measured = new AveragePrecision(2);
        measured.add(List.of(object(0, 0.1), object(0, 0.5)), List.of(found(0.5, 0.2), found(0.1, 0.9), found(0.8, 0.5)));
        assertEquals(0.5 + 0.5 * 2 / 3, measured.mean(Definition.VOC_AREA, 0.5), 1e-12);
        assertEquals((6 + 5 * 2 / 3.0) / 11, measured.mean(Definition.VOC_2007, 0.5), 1e-12);
        assertEquals((51 + 50 * 2 / 3.0) / 101, measured.mean(Definition.COCO, 0.5), 1e-12);
        assertTrue(measured.ofClass(Definition.VOC_AREA, 0.5, 1).isEmpty());
    }

    /** COCO gives a second detection of an object to the other one that it overlaps, VOC counts it as wrong. */
    @Test
    void matchesAsTheDefinitionSays() {
        AveragePrecision measured = new AveragePrecision(1);
        measured.add(List.of(object(0, 0.1), object(0, 0.13)), List.of(found(0.1, 0.9), found(0.11, 0.8)));
        assertEquals(0.5, measured.mean(Definition.VOC_AREA, 0.5), 1e-12);
        assertEquals(1, measured.mean(Definition.COCO, 0.5), 1e-12);
    }

    @Test
    void difficultObjectsNeitherHelpNorHurt() {
        LabelledBox difficult = new LabelledBox(square(0.6), 0, true);
        for (Definition definition : Definition.values()) {
            AveragePrecision measured = new AveragePrecision(1);
            measured.add(List.of(difficult, object(0, 0.1)), List.of(found(0.6, 0.9), found(0.6, 0.8), found(0.1, 0.7)));
            assertEquals(1, measured.mean(definition, 0.5), 1e-12, definition.toString());
        }
    }

    @Test
    void withoutObjectsThereIsNoFigure() {
        AveragePrecision measured = new AveragePrecision(1);
        measured.add(List.of(), List.of(found(0.1, 0.9)));
        assertTrue(Double.isNaN(measured.mean(Definition.VOC_AREA, 0.5)));
    }

    @Test
    void aClassOutOfRange() {
        assertThrows(IllegalArgumentException.class, () -> new AveragePrecision(1).add(List.of(object(1, 0.1)), List.of()));
    }

    private static LabelledBox object(int label, double at) {
        return new LabelledBox(square(at), label, false);
    }

    private static Detection found(double at, double score) {
        return new Detection(square(at), 0, score);
    }

    private static Box square(double at) {
        return new Box(at, at, at + 0.2, at + 0.2);
    }
}
