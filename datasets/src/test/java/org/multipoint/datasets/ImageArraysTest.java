package org.multipoint.datasets;

import org.junit.jupiter.api.Test;
import org.multipoint.datasets.ImageArrays.Labelled;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class ImageArraysTest {

    private static final List<String> CLASSES = List.of("a", "b", "c");

    private static Labelled image(int i) {
        return new Labelled(new float[]{i, 2 * i, 3 * i, 4 * i, 5 * i, 6 * i}, i % 3);
    }

    private static ImageArrays images(int count) {
        return ImageArrays.of("memory", IntStream.range(0, count).mapToObj(ImageArraysTest::image).toList(), CLASSES, 4, 2, 3, 1);
    }

    private static List<Integer> firsts(ImageIterator images) {
        List<Integer> firsts = new ArrayList<>();
        images.forEachRemaining(batch -> {
            for (int i = 0; i < batch.numExamples(); i++) {
                firsts.add(batch.getFeatures().getInt(i, 0, 0, 0));
            }
        });
        return firsts;
    }

    @Test
    void batchesHaveTheShapeOfTheImages() {
        try (ImageArrays images = images(6)) {
            DataSet batch = images.next();
            assertArrayEquals(new long[]{4, 2, 3, 1}, batch.getFeatures().shape());
            assertEquals(15, batch.getFeatures().getInt(3, 1, 1, 0));
            INDArray labels = batch.getLabels();
            assertArrayEquals(new int[]{0, 1, 2, 0}, labels.argMax(1).toIntVector());
            assertEquals(4, labels.sumNumber().intValue());
            assertArrayEquals(new long[]{2, 2, 3, 1}, images.next().getFeatures().shape());
            assertEquals(6, images.inputColumns());
            assertEquals(CLASSES, images.getLabels());
        }
    }

    @Test
    void partsAreDisjoint() {
        try (ImageArrays images = images(11)) {
            List<Integer> all = new ArrayList<>();
            for (ImageArrays part : images.split(3, 5)) {
                all.addAll(firsts(part));
                part.close();
            }
            Collections.sort(all);
            assertEquals(firsts(images), all);
            String message = assertThrows(IllegalArgumentException.class, () -> images.split(11)).getMessage();
            assertTrue(message.contains("11 images of memory"), message);
        }
    }

    /** Vectors without classes, in parts as well. */
    @Test
    void imagesWithoutLabels() {
        try (ImageArrays images = ImageArrays.unlabelled("memory", List.of(new float[]{1, 2}, new float[]{3, 4}, new float[]{5, 6}), 2, 2)) {
            DataSet batch = images.next();
            assertArrayEquals(new float[]{1, 2, 3, 4}, batch.getFeatures().data().asFloat());
            assertNull(batch.getLabels());
            try (ImageArrays part = images.split(1).get(1)) {
                assertEquals(2, part.next().numExamples());
            }
        }
        assertThrows(IllegalArgumentException.class, () -> ImageArrays.unlabelled("memory", List.of(new float[3]), 2, 2));
    }

    @Test
    void imagesThatDoNotFitAreNamed() {
        for (Labelled wrong : List.of(new Labelled(new float[5], 0), new Labelled(new float[6], 3), new Labelled(new float[6], -1))) {
            String message = assertThrows(IllegalArgumentException.class,
                    () -> ImageArrays.of("memory", List.of(image(1), wrong), CLASSES, 4, 2, 3, 1)).getMessage();
            assertTrue(message.startsWith("Image 1 of memory"), message);
        }
        assertThrows(IllegalArgumentException.class, () -> images(0));
    }
}
