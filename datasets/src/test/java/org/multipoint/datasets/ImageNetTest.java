package org.multipoint.datasets;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.multipoint.testing.TestData;
import org.nd4j.linalg.dataset.DataSet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class ImageNetTest {

    @TempDir
    Path folder;

    private static String line(int index) {
        return index + "\tn%08d\tname %d\n".formatted(10 * index, index);
    }

    private static String list(int lines) {
        return IntStream.range(0, lines).mapToObj(ImageNetTest::line).collect(Collectors.joining());
    }

    @Test
    void readsTheClasses() throws IOException {
        List<ImageNet.Label> labels = ImageNet.labels(Files.writeString(folder.resolve("labels.tsv"), list(1000)));
        assertEquals(1000, labels.size());
        assertEquals(new ImageNet.Label(7, "n00000070", "name 7"), labels.get(7));
    }

    @Test
    void refusesOtherLists() throws IOException {
        Path file = folder.resolve("labels.tsv");
        Files.writeString(file, list(999));
        assertMessage("found 999", file);
        Files.writeString(file, list(3) + line(5));
        assertMessage("line 4", file);
        Files.writeString(file, "0 n00000000 name\n");
        assertMessage("line 1", file);
        assertMessage("does not exist", folder.resolve("nowhere.tsv"));
    }

    private static void assertMessage(String part, Path file) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> ImageNet.labels(file));
        assertTrue(e.getMessage().contains(part) && e.getMessage().contains(file.toString()), e.getMessage());
    }

    @Test
    void aSubsetHasAllClasses() throws IOException {
        Files.writeString(folder.resolve("labels.tsv"), list(1000));
        TestImages.png(folder.resolve("part/n00000070/x.png"), 70);
        TestImages.png(folder.resolve("part/n00009990/y.png"), 99);
        try (ImageFolder images = ImageNet.subset(folder.resolve("part"), ImageView.efficientNetLite(16))
                .format(CNN2DFormat.NHWC).build()) {
            DataSet batch = images.next();
            assertArrayEquals(new long[]{2, 16, 16, 3}, batch.getFeatures().shape());
            assertArrayEquals(new long[]{2, 1000}, batch.getLabels().shape());
            assertArrayEquals(new int[]{7, 999}, batch.getLabels().argMax(1).toIntVector());
        }
    }

    @Test
    void saysWhatListIsMissing() throws IOException {
        Path deep = Files.createDirectories(folder.resolve("1/2/3/4"));
        Files.writeString(folder.resolve("labels.tsv"), list(1000));
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
                () -> ImageNet.subset(deep, ImageView.keras(16)));
        assertTrue(e.getMessage().contains("labels.tsv") && e.getMessage().contains("1000 lines"), e.getMessage());
    }

    @Test
    void readsRealImages() {
        Path calibration = TestData.require("imagenet/calibration");
        try (ImageFolder images = ImageNet.subset(calibration, ImageView.efficientNetLite(224)).batchSize(8).limit(16).build()) {
            assertEquals(1000, images.totalOutcomes());
            int seen = 0;
            while (images.hasNext()) {
                DataSet batch = images.next();
                seen += batch.numExamples();
                assertTrue(batch.getFeatures().minNumber().floatValue() >= -127 / 128f);
                assertTrue(batch.getFeatures().maxNumber().floatValue() <= 1);
            }
            assertEquals(16, seen);
            assertTrue(images.skipped().isEmpty(), images.skipped().toString());
        }
    }
}
