package org.multipoint.datasets;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.multipoint.datasets.DetectionFolder.Others;
import org.multipoint.testing.TestData;
import org.nd4j.linalg.dataset.DataSet;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class DetectionFolderTest {

    private static final ImageView VIEW = new ImageView.Builder("padded", 40).padThenResize(Resampling.BILINEAR, 0).build();
    private static final List<String> PETS = List.of("cat", "dog");

    @TempDir
    Path folder;

    @BeforeEach
    void images() throws IOException {
        Files.write(folder.resolve("b.png"), TestImages.encode(TestImages.formula(20, 10), "png"));
        Files.write(folder.resolve("a.png"), TestImages.encode(TestImages.formula(30, 30), "png"));
        Files.writeString(folder.resolve("notes.md"), "no image");
    }

    private void voc(String name, String objects) throws IOException {
        Files.writeString(folder.resolve(name + ".xml"), "<?xml version=\"1.0\"?>\n<annotation><size><width>20</width><height>10</height>"
                + "<depth>3</depth></size>" + objects + "</annotation>");
    }

    private static String object(String name, String more, int left, int top, int right, int bottom) {
        return "<object><name>" + name + "</name>" + more + "<bndbox><xmin>" + left + "</xmin><ymin>" + top + "</ymin><xmax>" + right
                + "</xmax><ymax>" + bottom + "</ymax></bndbox></object>";
    }

    private DetectionFolder.Builder labelled(BoxFormat format, Others others) {
        return DetectionFolder.of(folder, VIEW).labels(folder, format, format == BoxFormat.VOC ? PETS : List.of("7", "0"), others);
    }

    @Test
    void boxesOfVocFollowTheGeometry() throws IOException {
        voc("a", "");
        voc("b", object("dog", "<difficult>1</difficult>", 4, 2, 10, 8) + object("cat", "<difficult>0</difficult>", 0, 0, 20, 10)
                + object("cat", "", 1, 1, 2, 2));
        try (DetectionFolder images = labelled(BoxFormat.VOC, Others.REFUSED).build()) {
            DataSet batch = images.next();
            assertArrayEquals(new long[]{2, 3, 40, 40}, batch.getFeatures().shape());
            assertNull(batch.getLabels());
            List<Scene> scenes = batch.getExampleMetaData(Scene.class);
            assertEquals(List.of("a.png", "b.png"), scenes.stream().map(Scene::name).toList());
            assertEquals(List.of(), scenes.get(0).objects());
            assertEquals(List.of(new LabelledBox(new Box(0.2, 0.1, 0.5, 0.4), 1, true), new LabelledBox(new Box(0, 0, 1, 0.5), 0, false),
                    new LabelledBox(new Box(0.05, 0.05, 0.1, 0.1), 0, false)), scenes.get(1).objects());
            assertEquals(new Box(0.2, 0.2, 0.5, 0.8), scenes.get(1).framing().toImage(scenes.get(1).objects().get(0).box()));
        }
    }

    /** An image without a file has no objects. */
    @Test
    void boxesOfYolo() throws IOException {
        Files.writeString(folder.resolve("b.txt"), "0 0.5 0.5 0.2 0.4\n\n 7\t0.25 0.5 0.5 1\n");
        try (DetectionFolder images = labelled(BoxFormat.YOLO, Others.REFUSED).format(CNN2DFormat.NHWC).batchSize(1).build()) {
            assertEquals(List.of(), scenes(images.next()).get(0).objects());
            DataSet batch = images.next();
            assertArrayEquals(new long[]{1, 40, 40, 3}, batch.getFeatures().shape());
            assertEquals(List.of(new LabelledBox(new Box(0.4, 0.15, 0.6, 0.35), 1, false), new LabelledBox(new Box(0, 0, 0.5, 0.5), 0, false)),
                    scenes(batch).get(0).objects());
        }
    }

    private static List<Scene> scenes(DataSet batch) {
        return batch.getExampleMetaData(Scene.class);
    }

    @Test
    void otherClasses() throws IOException {
        voc("a", object("cat", "", 1, 1, 2, 2));
        voc("b", object("cat", "", 1, 1, 2, 2) + object("cow", "", 1, 1, 2, 2));
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> labelled(BoxFormat.VOC, Others.REFUSED).build());
        assertTrue(e.getMessage().contains("b.png: the class cow") && e.getMessage().contains("[cat, dog]"), e.getMessage());
        try (DetectionFolder images = labelled(BoxFormat.VOC, Others.LEFT_OUT).build()) {
            assertEquals(2, images.totalExamples());
            assertEquals(List.of(1, 1), scenes(images.next()).stream().map(s -> s.objects().size()).toList());
        }
        try (DetectionFolder images = labelled(BoxFormat.VOC, Others.IMAGE_LEFT_OUT).build()) {
            assertEquals(List.of("a.png"), scenes(images.next()).stream().map(Scene::name).toList());
        }
    }

    @Test
    void withoutLabelsThereAreNoObjects() {
        try (DetectionFolder images = DetectionFolder.of(folder, VIEW).limit(1).build()) {
            assertEquals(1, images.totalExamples());
            assertEquals(List.of(), scenes(images.next()).get(0).objects());
        }
    }

    @Test
    void labelsThatAreMissing() throws IOException {
        voc("a", "");
        UncheckedIOException e = assertThrows(UncheckedIOException.class, () -> labelled(BoxFormat.VOC, Others.REFUSED).build());
        assertTrue(e.getMessage().contains("b.png has no labels") && e.getMessage().contains("b.xml"), e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"<annotation/>", "no XML", "<annotation><size><width>0</width><height>3</height></size></annotation>",
        "<annotation><size><width>5</width><height>3</height></size><object><name>cat</name></object></annotation>",
        "<annotation><size><width>5</width><height>x</height></size></annotation>",
        "<annotation><size><width>5</width><height>3</height></size><object><name>cat</name><bndbox><xmin>4</xmin><ymin>1</ymin><xmax>3</xmax>"
                + "<ymax>2</ymax></bndbox></object></annotation>",
        "<!DOCTYPE a [<!ENTITY b \"c\">]><annotation><size><width>5</width><height>3</height></size></annotation>"})
    void vocThatCannotBeRead(String text) throws IOException {
        Files.writeString(folder.resolve("a.xml"), text);
        voc("b", "");
        UncheckedIOException e = assertThrows(UncheckedIOException.class, () -> labelled(BoxFormat.VOC, Others.REFUSED).build());
        assertTrue(e.getMessage().contains("a.xml"), e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"0 0.5 0.5 0.1", "0 0.5 0.5 0.1 x", "0 0.5 0.5 -0.1 0.1", "0 NaN 0.5 0.1 0.1"})
    void yoloThatCannotBeRead(String line) throws IOException {
        Files.writeString(folder.resolve("a.txt"), "0 0.5 0.5 0.1 0.1\n" + line + "\n");
        UncheckedIOException e = assertThrows(UncheckedIOException.class, () -> labelled(BoxFormat.YOLO, Others.REFUSED).build());
        assertTrue(e.getMessage().contains("a.txt, line 2") && e.getMessage().contains(line), e.getMessage());
    }

    @Test
    void anImageThatCannotBeDecodedIsLeftOut() throws IOException {
        Files.writeString(folder.resolve("a.png"), "no image");
        Files.writeString(folder.resolve("b.txt"), "7 0.5 0.5 0.1 0.1");
        try (DetectionFolder images = labelled(BoxFormat.YOLO, Others.REFUSED).build()) {
            List<Scene> scenes = scenes(images.next());
            assertEquals(List.of("b.png"), scenes.stream().map(Scene::name).toList());
            assertEquals(1, scenes.get(0).objects().size());
            assertEquals(List.of(folder.resolve("a.png")), List.copyOf(images.skipped().keySet()));
        }
    }

    @Test
    void partsAreDisjoint() throws IOException {
        for (int i = 0; i < 5; i++) {
            Files.write(folder.resolve("c" + i + ".png"), TestImages.encode(TestImages.formula(4, 4), "png"));
        }
        List<String> names = new ArrayList<>();
        try (DetectionFolder all = DetectionFolder.of(folder, VIEW).build()) {
            List<DetectionFolder> parts = all.split(3);
            assertEquals(List.of(3, 4), parts.stream().map(ImageIterator::totalExamples).toList());
            parts.forEach(part -> scenes(part.next()).forEach(scene -> names.add(scene.name())));
            parts.forEach(ImageIterator::close);
        }
        assertEquals(7, names.stream().distinct().count());
    }

    @Test
    void foldersThatAreNoneOrEmpty() throws IOException {
        assertThrows(IllegalArgumentException.class, () -> DetectionFolder.of(folder.resolve("none"), VIEW).build());
        Path empty = Files.createDirectory(folder.resolve("empty"));
        assertThrows(IllegalArgumentException.class, () -> DetectionFolder.of(empty, VIEW).build());
        assertThrows(IllegalArgumentException.class, () -> DetectionFolder.of(folder, VIEW).limit(0));
        assertThrows(IllegalArgumentException.class,
                () -> DetectionFolder.of(folder, VIEW).labels(folder, BoxFormat.VOC, List.of("cat", "cat"), Others.REFUSED));
    }

    @Test
    void realImages() {
        Path faces = TestData.require("zoo/faces/evaluation");
        try (DetectionFolder images = DetectionFolder.of(faces, VIEW)
                .labels(faces, BoxFormat.VOC, List.of("without_mask"), Others.IMAGE_LEFT_OUT).build()) {
            assertEquals(65, images.totalExamples());
        }
    }
}
