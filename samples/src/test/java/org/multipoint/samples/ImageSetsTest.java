package org.multipoint.samples;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.multipoint.datasets.ImageFolder;
import org.multipoint.datasets.ImageIterator;
import org.multipoint.datasets.ImageView;
import org.multipoint.samples.ReportedHalf.Half;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

/** Which images are for what. Each of them has a colour of its own. */
class ImageSetsTest {

    private static final int IMAGES = 7;

    @TempDir
    Path folder;

    private ImageFolder images() throws IOException {
        for (int i = 0; i < IMAGES; i++) {
            BufferedImage image = new BufferedImage(32, 32, BufferedImage.TYPE_INT_RGB);
            for (int p = 0; p < 32 * 32; p++) {
                image.setRGB(p % 32, p / 32, 0x010101 * i);
            }
            Path of = Files.createDirectories(folder.resolve(i % 2 == 0 ? "even" : "odd"));
            ImageIO.write(image, "png", of.resolve(i + ".png").toFile());
        }
        return ImageFolder.of(folder, ImageView.cifar10()).batchSize(2).build();
    }

    private static Set<Double> colours(ImageIterator images) {
        Set<Double> colours = new TreeSet<>();
        images.reset();
        while (images.hasNext()) {
            INDArray features = images.next().getFeatures();
            for (int i = 0; i < features.size(0); i++) {
                colours.add(features.getDouble(i, 0, 0, 0));
            }
        }
        return colours;
    }

    @Test
    void halvesAreDisjointAndAlwaysTheSame() throws IOException {
        List<Double> both = new ArrayList<>();
        List<Integer> sizes = new ArrayList<>();
        for (Half half : Half.values()) {
            try (ImageSets sets = ImageSets.of(null, images(), Optional.of(half), false);
                 ImageSets again = ImageSets.of(null, images(), Optional.of(half), false)) {
                assertNull(sets.search());
                assertEquals(colours(sets.test()), colours(again.test()));
                both.addAll(colours(sets.test()));
                sizes.add(sets.test().totalExamples());
            }
        }
        try (ImageSets all = ImageSets.of(null, images(), Optional.empty(), false)) {
            assertEquals(colours(all.test()), new TreeSet<>(both));
            assertEquals(IMAGES, both.size());
            assertEquals(List.of(IMAGES / 2, IMAGES - IMAGES / 2), sizes);
        }
    }

    @Test
    void aSearchTakesTheHalfThatIsNotReported() throws IOException {
        try (ImageSets usual = ImageSets.of(null, images(), Optional.empty(), true);
             ImageSets second = ImageSets.of(null, images(), Optional.of(Half.SECOND), true);
             ImageSets first = ImageSets.of(null, images(), Optional.of(Half.FIRST), true)) {
            assertEquals(colours(usual.test()), colours(second.test()));
            assertEquals(colours(first.test()), colours(second.search()));
            assertEquals(colours(first.search()), colours(second.test()));
            assertEquals(IMAGES, IntStream.of(first.search().totalExamples(), first.test().totalExamples()).sum());
        }
    }
}
