package org.multipoint.datasets;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.multipoint.testing.TestData;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class ImageFolderTest {

    /** Raw pixels: the red of an image tells which one it is. */
    private static final ImageView RAW = new ImageView.Builder("raw", 32).exact().build();

    @TempDir
    Path root;

    private static List<Integer> reds(ImageIterator images) {
        List<Integer> reds = new ArrayList<>();
        images.forEachRemaining(batch -> {
            for (int i = 0; i < batch.numExamples(); i++) {
                reds.add(batch.getFeatures().slice(i).ravel().getInt(0));
            }
        });
        return reds;
    }

    private static List<Integer> classes(ImageIterator images) {
        List<Integer> classes = new ArrayList<>();
        images.forEachRemaining(batch -> {
            for (int index : batch.getLabels().argMax(1).toIntVector()) {
                classes.add(index);
            }
        });
        return classes;
    }

    /** Classes a, b, c with 3, 1 and 2 images. */
    private void threeClasses() throws IOException {
        TestImages.png(root.resolve("c/5.png"), 31);
        TestImages.png(root.resolve("a/2.png"), 12);
        TestImages.png(root.resolve("a/1.png"), 11);
        TestImages.png(root.resolve("a/3.png"), 13);
        TestImages.png(root.resolve("b/1.png"), 21);
        TestImages.png(root.resolve("c/6.PNG"), 32);
        Files.writeString(root.resolve("a/notes.txt"), "no image");
        Files.writeString(root.resolve("a/.hidden.png"), "no image");
    }

    @Test
    void classesThatAFunctionTells() throws IOException {
        TestImages.png(root.resolve("x1.png"), 11);
        TestImages.png(root.resolve("y1.png"), 21);
        TestImages.png(root.resolve("x2.png"), 12);
        ImageFolder images = ImageFolder.of(root, RAW).labels(List.of("none", "y", "x"))
                .classOf(file -> file.getFileName().toString().substring(0, 1)).build();
        assertEquals(List.of(1, 2, 2), classes(images));
        images.reset();
        assertEquals(List.of(21, 11, 12), reds(images));
        assertThrows(IllegalArgumentException.class, () -> ImageFolder.of(root, RAW).labels(List.of("x")).classOf(file -> "z").build());
    }

    @Test
    void partsAreDisjointAndTheSameEveryTime() throws IOException {
        threeClasses();
        ImageFolder all = ImageFolder.of(root, RAW).build();
        List<ImageFolder> parts = all.split(2, 1);
        assertEquals(List.of(2, 1, 3), parts.stream().map(ImageIterator::totalExamples).toList());
        List<Integer> reds = new ArrayList<>();
        for (ImageFolder part : parts) {
            assertEquals(all.getLabels(), part.getLabels());
            List<Integer> of = reds(part);
            reds.addAll(of);
            // Parts keep the order of the whole.
            List<Integer> whole = reds(all);
            all.reset();
            whole.retainAll(of);
            assertEquals(whole, of);
        }
        assertEquals(reds(all).stream().sorted().toList(), reds.stream().sorted().toList());
        assertEquals(reds.subList(0, 2), reds(ImageFolder.of(root, RAW).build().split(2, 1).get(0)));
    }

    @Test
    void aPartThatIsTooLargeIsRefused() throws IOException {
        threeClasses();
        ImageFolder all = ImageFolder.of(root, RAW).build();
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> all.split(4, 2));
        assertTrue(e.getMessage().contains("6 images") && e.getMessage().contains("[4, 2]"), e.getMessage());
        assertThrows(IllegalArgumentException.class, () -> all.split(0));
    }

    @Test
    void interleavesSortedClasses() throws IOException {
        threeClasses();
        try (ImageFolder images = ImageFolder.of(root, RAW).batchSize(4).build()) {
            assertEquals(List.of("a", "b", "c"), images.getLabels());
            assertEquals(6, images.totalExamples());
            assertEquals(List.of(11, 21, 31, 12, 32, 13), reds(images));
            images.reset();
            assertEquals(List.of(0, 1, 2, 0, 2, 0), classes(images));
            assertTrue(images.skipped().isEmpty());
        }
    }

    @Test
    void givesFloatBatches() throws IOException {
        threeClasses();
        try (ImageFolder images = ImageFolder.of(root, RAW).batchSize(4).build()) {
            assertEquals(4, images.batch());
            assertEquals(3, images.totalOutcomes());
            assertEquals(3 * 32 * 32, images.inputColumns());
            DataSet batch = images.next();
            assertEquals(DataType.FLOAT, batch.getFeatures().dataType());
            assertEquals(DataType.FLOAT, batch.getLabels().dataType());
            assertArrayEquals(new long[]{4, 3, 32, 32}, batch.getFeatures().shape());
            assertArrayEquals(new float[][]{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 0, 0}}, batch.getLabels().toFloatMatrix());
            assertArrayEquals(new long[]{2, 3, 32, 32}, images.next().getFeatures().shape());
            assertFalse(images.hasNext());
            assertThrows(NoSuchElementException.class, images::next);
        }
    }

    @Test
    void givesChannelsLast() throws IOException {
        Files.createDirectories(root.resolve("a"));
        RgbImage image = TestImages.formula(32, 32);
        Files.write(root.resolve("a/1.png"), TestImages.encode(image, "png"));
        try (ImageFolder images = ImageFolder.of(root, RAW).format(CNN2DFormat.NHWC).build()) {
            INDArray features = images.next().getFeatures();
            assertArrayEquals(new long[]{1, 32, 32, 3}, features.shape());
            for (int channel = 0; channel < 3; channel++) {
                assertEquals(image.pixels()[(5 * 32 + 7) * 3 + channel] & 0xFF, features.getInt(0, 5, 7, channel));
            }
        }
    }

    @Test
    void everyPassIsTheSame() throws IOException {
        threeClasses();
        try (ImageFolder images = ImageFolder.of(root, RAW).batchSize(2).build()) {
            List<Integer> first = reds(images);
            images.reset();
            images.next();
            images.reset();
            assertEquals(first, reds(images));
        }
    }

    @Test
    void batchesStayWhenTheIteratorGoesOn() throws IOException {
        threeClasses();
        try (ImageFolder images = ImageFolder.of(root, RAW).batchSize(1).build()) {
            DataSet first = images.next();
            images.next();
            images.reset();
            assertEquals(11, first.getFeatures().getInt(0, 0, 0, 0));
        }
    }

    @Test
    void appliesAPreProcessor() throws IOException {
        threeClasses();
        try (ImageFolder images = ImageFolder.of(root, RAW).build()) {
            images.setPreProcessor(batch -> batch.getFeatures().addi(1000));
            assertEquals(1011, reds(images).get(0));
        }
    }

    @Test
    void limitSpreadsOverTheClasses() throws IOException {
        threeClasses();
        assertEquals(List.of(11), limited(1));
        assertEquals(List.of(11, 21), limited(2));
        assertEquals(List.of(11, 21, 31, 12), limited(4));
        assertEquals(List.of(11, 21, 31, 12, 32, 13), limited(100));
        assertThrows(IllegalArgumentException.class, () -> ImageFolder.of(root, RAW).limit(0));
    }

    @Test
    void limitBelowTheNumberOfClassesTakesThemAtEvenDistances() throws IOException {
        for (int label = 0; label < 10; label++) {
            TestImages.png(root.resolve("class" + label + "/1.png"), label);
        }
        assertEquals(List.of(0, 2, 5, 7), limited(4));
    }

    private List<Integer> limited(int limit) {
        try (ImageFolder images = ImageFolder.of(root, RAW).limit(limit).build()) {
            return reds(images);
        }
    }

    @Test
    void labelsFixTheOrderAndMayHaveNoImages() throws IOException {
        threeClasses();
        try (ImageFolder images = ImageFolder.of(root, RAW).labels(List.of("z", "c", "b", "a")).build()) {
            assertEquals(4, images.totalOutcomes());
            assertEquals(List.of(1, 2, 3, 1, 3, 3), classes(images));
        }
    }

    @Test
    void everyFolderNeedsALabel() throws IOException {
        threeClasses();
        assertMessage(ImageFolder.of(root, RAW).labels(List.of("a", "b")), "class c");
        assertThrows(IllegalArgumentException.class, () -> ImageFolder.of(root, RAW).labels(List.of("a", "a")));
    }

    @Test
    void namesAndCountsCorruptFiles() throws IOException {
        threeClasses();
        byte[] jpeg = TestImages.encode(TestImages.formula(32, 32), "jpg");
        Path truncated = Files.write(root.resolve("a/0.jpg"), TestImages.firstHalf(jpeg));
        Path text = Files.writeString(root.resolve("b/0.png"), "words");
        Path empty = Files.createFile(root.resolve("c/9.png"));
        try (ImageFolder images = ImageFolder.of(root, RAW).batchSize(2).build()) {
            assertEquals(9, images.totalExamples());
            assertEquals(Set.of(11, 12, 13, 21, 31, 32), Set.copyOf(reds(images)));
            assertEquals(Set.of(truncated, text, empty), images.skipped().keySet());
            assertTrue(images.skipped().get(truncated).contains("truncated"), images.skipped().toString());
            assertTrue(images.skipped().get(text).contains("not an image"), images.skipped().toString());
            assertTrue(images.skipped().get(empty).contains("empty"), images.skipped().toString());
            images.reset();
            assertEquals(6, reds(images).size());
            assertEquals(3, images.skipped().size());
        }
    }

    @Test
    void aFileThatGoesAwayIsSkipped() throws IOException {
        threeClasses();
        try (ImageFolder images = ImageFolder.of(root, RAW).build()) {
            Files.delete(root.resolve("b/1.png"));
            assertEquals(List.of(11, 31, 12, 32, 13), reds(images));
            assertEquals("NoSuchFileException", images.skipped().get(root.resolve("b/1.png")));
        }
    }

    @Test
    void noReadableImageIsAnError() throws IOException {
        Files.createDirectories(root.resolve("a"));
        Files.writeString(root.resolve("a/1.jpg"), "words");
        Files.writeString(root.resolve("a/2.jpg"), "words");
        try (ImageFolder images = ImageFolder.of(root, RAW).build()) {
            IllegalStateException e = assertThrows(IllegalStateException.class, images::next);
            assertTrue(e.getMessage().contains("None of the 2 images of " + root), e.getMessage());
        }
    }

    @Test
    void aWrongSizeIsAnErrorThatNamesTheFile() throws IOException {
        threeClasses();
        Path large = root.resolve("b/0.png");
        Files.write(large, TestImages.encode(TestImages.formula(33, 32), "png"));
        try (ImageFolder images = ImageFolder.of(root, RAW).build()) {
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> reds(images));
            assertTrue(e.getMessage().contains(large.toString()) && e.getMessage().contains("33x32"), e.getMessage());
        }
    }

    @Test
    void foldersThatCannotServe() throws IOException {
        assertMessage(ImageFolder.of(root.resolve("nowhere"), RAW), "nowhere does not exist");
        Path file = Files.createFile(root.resolve("file"));
        assertMessage(ImageFolder.of(file, RAW), "file is not a folder");
        assertMessage(ImageFolder.of(root, RAW), "has no image");
        Files.createDirectory(root.resolve("empty"));
        assertMessage(ImageFolder.of(root, RAW), "has no image");
        threeClasses();
        assertMessage(ImageFolder.of(root, RAW).batchSize(0), "batch of 0");
    }

    @Test
    void groundTruthByNameAndIndex() throws IOException {
        for (int i = 0; i < 4; i++) {
            TestImages.png(root.resolve("images/" + i + ".png"), i);
        }
        Path truth = Files.writeString(root.resolve("truth.txt"), "3.png\tgreat white shark\n\n0.png 0\n1.png  hen\n");
        List<String> labels = List.of("hen", "cock", "great white shark");
        try (ImageFolder images = ImageFolder.of(root.resolve("images"), RAW).labels(labels).groundTruth(truth).build()) {
            assertEquals(3, images.totalExamples());
            assertEquals(List.of(0, 3, 1), reds(images));
            images.reset();
            assertEquals(List.of(0, 2, 0), classes(images));
        }
    }

    @Test
    void groundTruthMakesItsOwnLabels() throws IOException {
        for (int i = 0; i < 3; i++) {
            TestImages.png(root.resolve(i + ".png"), i);
        }
        Path truth = root.resolve("truth.txt");
        Files.writeString(truth, "0.png dog\n1.png cat\n2.png dog\n");
        assertEquals(List.of("cat", "dog"), labelsOf(truth));
        Files.writeString(truth, "0.png 10\n1.png 2\n");
        assertEquals(IntStream.rangeClosed(0, 10).mapToObj(Integer::toString).collect(Collectors.toList()), labelsOf(truth));
    }

    private List<String> labelsOf(Path truth) {
        try (ImageFolder images = ImageFolder.of(root, RAW).groundTruth(truth).build()) {
            return images.getLabels();
        }
    }

    @Test
    void groundTruthMayNameMoreThanIsThere() throws IOException {
        TestImages.png(root.resolve("1.png"), 1);
        Path truth = Files.writeString(root.resolve("truth.txt"), "1.png a\n2.png b\n");
        try (ImageFolder images = ImageFolder.of(root, RAW).groundTruth(truth).build()) {
            assertEquals(1, images.totalExamples());
            assertEquals(List.of(1), reds(images));
            assertEquals(Set.of(root.resolve("2.png")), images.skipped().keySet());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"1.png\n", "1.png a\n1.png b\n", "other.png a\n", ""})
    void groundTruthThatCannotServe(String text) throws IOException {
        TestImages.png(root.resolve("1.png"), 1);
        Path truth = Files.writeString(root.resolve("truth.txt"), text);
        assertMessage(ImageFolder.of(root, RAW).groundTruth(truth), truth.toString());
    }

    @Test
    void groundTruthOutsideTheLabels() throws IOException {
        TestImages.png(root.resolve("1.png"), 1);
        Path truth = Files.writeString(root.resolve("truth.txt"), "1.png 2\n");
        assertMessage(ImageFolder.of(root, RAW).labels(List.of("a", "b")).groundTruth(truth), "class 2");
        assertMessage(ImageFolder.of(root, RAW).groundTruth(root.resolve("missing.txt")), "missing.txt does not exist");
        Files.write(truth, new byte[]{(byte) 0xC3, (byte) 0x28});
        assertMessage(ImageFolder.of(root, RAW).groundTruth(truth), "not UTF-8");
    }

    private static void assertMessage(ImageFolder.Builder builder, String part) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, builder::build);
        assertTrue(e.getMessage().contains(part), e.getMessage());
    }

    @Test
    void aClosedIteratorSaysSo() throws IOException {
        threeClasses();
        ImageFolder images = ImageFolder.of(root, RAW).build();
        images.next();
        images.close();
        assertThrows(IllegalStateException.class, images::hasNext);
    }

    @Test
    void readsCifar10() {
        Path train = TestData.require("cifar10/train");
        try (ImageFolder images = ImageFolder.of(train, ImageView.cifar10()).batchSize(128).build()) {
            assertEquals(1000, images.totalExamples());
            INDArray perClass = images.next(1000).getLabels().sum(0);
            assertArrayEquals(new float[]{100, 100, 100, 100, 100, 100, 100, 100, 100, 100}, perClass.toFloatVector());
            assertTrue(images.skipped().isEmpty(), images.skipped().toString());
            assertEquals(List.of("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
                    images.getLabels());
        }
    }
}
