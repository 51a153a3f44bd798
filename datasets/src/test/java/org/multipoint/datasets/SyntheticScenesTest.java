package org.multipoint.datasets;

import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;

import java.util.List;
import java.util.stream.IntStream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class SyntheticScenesTest {

    private static final long CRC = 44159831357L;

    @Test
    void imagesAreTheSameOnEveryMachine() {
        assertEquals(CRC, IntStream.range(0, 20).mapToLong(i -> TestImages.crc(SyntheticScenes.picture(i).image().pixels())).sum());
    }

    @Test
    void shapesDoNotOverlapAndLieInside() {
        int shapes = 0;
        for (int i = 0; i < 200; i++) {
            List<LabelledBox> objects = SyntheticScenes.picture(i).objects();
            shapes += objects.size();
            for (LabelledBox a : objects) {
                Box box = a.box();
                assertTrue(box.left() >= 0 && box.top() >= 0 && box.right() <= 1 && box.bottom() <= 1, box::toString);
                assertTrue(box.width() > 0.1 && box.height() > 0.1 && box.width() < 0.5 && box.height() < 0.5, box::toString);
                objects.stream().filter(b -> b != a).forEach(b -> assertTrue(b.box().iou(box) < 0.1, () -> a + " " + b));
            }
        }
        assertTrue(shapes > 350 && shapes < 550, shapes + " shapes");
    }

    @Test
    void labelsSayWhereShapesAre() {
        try (ImageIterator images = SyntheticScenes.test(50, 50)) {
            DataSet batch = images.next();
            INDArray labels = batch.getLabels();
            int cells = SyntheticScenes.CELLS;
            assertArrayEquals(new long[]{50, 4 + SyntheticScenes.LABELS.size(), cells, cells}, labels.shape());
            List<Scene> scenes = batch.getExampleMetaData(Scene.class);
            for (int i = 0; i < scenes.size(); i++) {
                int inCells = 0;
                for (LabelledBox object : scenes.get(i).objects()) {
                    int row = (int) (object.box().centerY() * cells);
                    int column = (int) (object.box().centerX() * cells);
                    assertEquals(object.box().left() * cells, labels.getDouble(i, 0, row, column), 1e-5);
                    assertEquals(object.box().bottom() * cells, labels.getDouble(i, 3, row, column), 1e-5);
                    assertEquals(1, labels.getDouble(i, 4 + object.label(), row, column));
                    inCells++;
                }
                int image = i;
                assertEquals(inCells, IntStream.range(0, SyntheticScenes.LABELS.size() * cells * cells).mapToDouble(
                        k -> labels.getDouble(image, 4 + k / cells / cells, k / cells % cells, k % cells)).sum());
            }
        }
    }

    @Test
    void setsAreDisjoint() {
        try (ImageIterator train = SyntheticScenes.train(1, 1); ImageIterator test = SyntheticScenes.test(1, 1);
             ImageIterator validation = SyntheticScenes.validation(1, 1)) {
            List<String> names = List.of(name(train), name(test), name(validation));
            assertEquals(3, names.stream().distinct().count(), names.toString());
        }
    }

    private static String name(ImageIterator images) {
        return images.next().getExampleMetaData(Scene.class).get(0).name();
    }
}
