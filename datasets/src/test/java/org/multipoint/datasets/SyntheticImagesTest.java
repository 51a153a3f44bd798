package org.multipoint.datasets;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.zip.CRC32;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class SyntheticImagesTest {

    /** Models trained on the images are worth nothing on others. */
    @Test
    void imagesAreTheSameForever() {
        CRC32 crc = new CRC32();
        for (long i = 0; i < 100; i++) {
            crc.update(SyntheticImages.image(i).pixels());
            crc.update(SyntheticImages.image(SyntheticImages.FIRST_TEST_INDEX + i).pixels());
        }
        assertEquals(2755982709L, crc.getValue());
    }

    @Test
    void noImageTwice() {
        Set<Long> seen = new HashSet<>();
        for (long i = 0; i < 500; i++) {
            assertTrue(seen.add(TestImages.crc(SyntheticImages.image(i).pixels())));
            assertTrue(seen.add(TestImages.crc(SyntheticImages.image(SyntheticImages.FIRST_TEST_INDEX + i).pixels())));
            assertTrue(seen.add(TestImages.crc(SyntheticImages.image(SyntheticImages.FIRST_VALIDATION_INDEX + i).pixels())));
        }
    }

    @Test
    void classesInTurn() {
        assertEquals(List.of("disc", "ring", "crescent", "dome", "triangle", "square", "diamond", "star", "cross", "corner"),
                SyntheticImages.LABELS);
        try (ImageIterator images = SyntheticImages.test(25, 10, CNN2DFormat.NCHW)) {
            assertEquals(SyntheticImages.LABELS, images.getLabels());
            assertEquals(25, images.totalExamples());
            for (int batch = 0; batch < 2; batch++) {
                assertArrayEquals(new int[]{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, images.next().getLabels().argMax(1).toIntVector());
            }
            assertArrayEquals(new int[]{0, 1, 2, 3, 4}, images.next().getLabels().argMax(1).toIntVector());
            assertFalse(images.hasNext());
        }
    }

    @Test
    void everySetShowsItsOwnImages() {
        assertArrayEquals(SyntheticImages.VIEW.apply(SyntheticImages.image(SyntheticImages.FIRST_VALIDATION_INDEX + 3), CNN2DFormat.NCHW),
                fourth(SyntheticImages.validation(5, 5, CNN2DFormat.NCHW), 3, 32, 32));
        assertArrayEquals(SyntheticImages.VIEW.apply(SyntheticImages.image(3), CNN2DFormat.NCHW),
                fourth(SyntheticImages.train(5, 5, CNN2DFormat.NCHW), 3, 32, 32));
        assertArrayEquals(SyntheticImages.VIEW.apply(SyntheticImages.image(SyntheticImages.FIRST_TEST_INDEX + 3), CNN2DFormat.NHWC),
                fourth(SyntheticImages.test(5, 5, CNN2DFormat.NHWC), 32, 32, 3));
    }

    private static float[] fourth(ImageIterator images, long... shape) {
        try (images) {
            INDArray image = images.next().getFeatures().slice(3);
            assertArrayEquals(shape, image.shape());
            return image.dup('c').data().asFloat();
        }
    }

    @Test
    void inputIsNormalized() {
        try (ImageIterator images = SyntheticImages.train(500, 500, CNN2DFormat.NCHW)) {
            DataSet batch = images.next();
            assertEquals(0, batch.getFeatures().meanNumber().doubleValue(), 0.1);
            assertEquals(1, batch.getFeatures().stdNumber().doubleValue(), 0.2);
        }
    }

    @Test
    void refusesEmptySets() {
        assertThrows(IllegalArgumentException.class, () -> SyntheticImages.train(0, 8, CNN2DFormat.NCHW));
        assertThrows(IllegalArgumentException.class, () -> SyntheticImages.test(8, 0, CNN2DFormat.NCHW));
    }
}
