package org.multipoint.datasets;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.multipoint.datasets.Canvas.Placement;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * An endless set of 64x64 RGB images with one to four of the shapes of {@link SyntheticImages}, which do not overlap, and the boxes of those. They
 * are made by a generator: nothing is downloaded or stored. An image depends on its index alone and is the same on every machine. The meta
 * data of an example is its {@link Scene}, and its labels are those of Deeplearning4j's Yolo2OutputLayer: [4 + classes, cells, cells] with the
 * corners of a shape in the cell of its centre, in cells, and 1 for its class.
 */
public final class SyntheticScenes {

    private static final ShapeClass[] FIGURES = ShapeClass.values();

    /** Names of the classes, by index. */
    public static final List<String> LABELS = SyntheticImages.LABELS;

    /** Side of an image, in pixels. */
    public static final int SIZE = 64;

    /** Cells of the labels in each direction. */
    public static final int CELLS = 8;

    /** The preprocessing: exactly 64x64 pixels, RGB, (pixel - 84) / 41. */
    public static final ImageView VIEW = new ImageView.Builder("scenes", SIZE).exact().normalize(84, 41).build();

    private static final int MOST_SHAPES = 4;
    private static final int ATTEMPTS = 20;

    private SyntheticScenes() {
    }

    /**
     * Training images in NCHW.
     *
     * @param examples number of images, at least 1
     * @param batch    images in a batch, at least 1
     * @throws IllegalArgumentException where one is below 1
     */
    public static ImageIterator train(int examples, int batch) {
        return new Images(0, examples, batch);
    }

    /** Test images, none of them a training image; otherwise as {@link #train}. */
    public static ImageIterator test(int examples, int batch) {
        return new Images(SyntheticImages.FIRST_TEST_INDEX, examples, batch);
    }

    /** Validation images, for choices between networks: none of them a training or a test image; otherwise as {@link #train}. */
    public static ImageIterator validation(int examples, int batch) {
        return new Images(SyntheticImages.FIRST_VALIDATION_INDEX, examples, batch);
    }

    private static final class Images extends ImageIterator {

        private final long first;

        Images(long first, int examples, int batch) {
            super(LABELS, SIZE, CNN2DFormat.NCHW, batch, examples, 4 + LABELS.size(), CELLS, CELLS);
            this.first = first;
        }

        @Override
        Example example(int index) {
            Picture picture = picture(first + index);
            Scene scene = Scene.of(String.valueOf(first + index), VIEW.framing(SIZE, SIZE), picture.objects);
            return new Example(VIEW.apply(picture.image, CNN2DFormat.NCHW), scene.grid(LABELS.size(), CELLS), scene);
        }
    }

    /**
     * An image and what is in it.
     *
     * @param objects the shapes, in the order in which they were drawn
     */
    public record Picture(RgbImage image, List<LabelledBox> objects) {

        /** @param objects not changed any more */
        public Picture {
            objects = List.copyOf(objects);
        }
    }

    /** The image of an index. The harder one is, the paler its shapes, and the more pieces and noise there are. */
    public static Picture picture(long index) {
        SplittableRandom random = new SplittableRandom(index);
        double hardness = StrictMath.pow(random.nextDouble(), 2);
        double[] ground = SyntheticImages.color(random, 20, 120);
        double[] ground2 = Canvas.mix(ground, SyntheticImages.color(random, 0, 160), random.nextDouble(0.6));
        Canvas canvas = new Canvas(SIZE, SyntheticImages.paint(ground, ground2, random));
        SyntheticImages.pieces(canvas, SIZE, (int) random.nextDouble(1 + 8 * hardness), random);
        List<LabelledBox> objects = new ArrayList<>();
        List<Placement> places = new ArrayList<>();
        int shapes = random.nextInt(1, MOST_SHAPES + 1);
        for (int attempt = 0; attempt < ATTEMPTS && objects.size() < shapes; attempt++) {
            Placement place = SyntheticImages.placement(SIZE, random.nextDouble(8, 14), random.nextDouble(0.85, 1),
                    SyntheticImages.MAX_TILT, random);
            if (places.stream().anyMatch(other -> overlap(place, other))) {
                continue;
            }
            places.add(place);
            int label = random.nextInt(FIGURES.length);
            double[] front = SyntheticImages.brighter(ground, SyntheticImages.color(random, 60, 130), 1 - 0.6 * hardness);
            double[] front2 = Canvas.mix(front, SyntheticImages.color(random, 100, 256), random.nextDouble(0.3));
            objects.add(new LabelledBox(canvas.draw(FIGURES[label].region(), place, SyntheticImages.paint(front, front2, random)), label,
                    false));
        }
        double noise = 5 + 30 * hardness;
        return new Picture(canvas.develop(() -> noise * (random.nextDouble() + random.nextDouble() + random.nextDouble() - 1.5)), objects);
    }

    private static boolean overlap(Placement a, Placement b) {
        return Math.max(Math.abs(a.x() - b.x()), Math.abs(a.y() - b.y())) < a.radius() + b.radius();
    }
}
