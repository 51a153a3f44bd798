package org.multipoint.datasets;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.multipoint.datasets.Canvas.Paint;
import org.multipoint.datasets.Canvas.Placement;
import org.multipoint.datasets.Canvas.Region;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * An endless set of 32x32 RGB images of ten kinds of shapes, made by a generator: nothing is downloaded or stored. A shape has random
 * colours, stripes, position, size, proportions and tilt; it lies on a darker, striped or shaded background, among and under smaller
 * pieces, in noise. An image depends on its index alone and is the same on every machine.
 */
public final class SyntheticImages {

    private static final ShapeClass[] FIGURES = ShapeClass.values();

    /** Names of the classes, by index. */
    public static final List<String> LABELS =
            Arrays.stream(FIGURES).map(figure -> figure.name().toLowerCase(Locale.ROOT)).toList();

    /** Side of an image, in pixels. */
    public static final int SIZE = 32;

    /** The preprocessing: exactly 32x32 pixels, RGB, (pixel - 84) / 41. */
    public static final ImageView VIEW = new ImageView.Builder("synthetic", SIZE).exact().normalize(84, 41).build();

    /** Test images start at this index, training images at 0. */
    public static final long FIRST_TEST_INDEX = 10_000_000_000L;

    /** Validation images start at this index. */
    public static final long FIRST_VALIDATION_INDEX = 5_000_000_000L;

    /** In radians; at 22.5 degrees (0.39) a tilted square would be a tilted diamond. */
    static final double MAX_TILT = 0.35;

    private static final Region STROKE = (x, y) -> Math.abs(x) < 1 && Math.abs(y) < 0.25;
    private static final Region DOT = (x, y) -> x * x + y * y < 0.25;

    private SyntheticImages() {
    }

    /**
     * Training images, classes in turn.
     *
     * @param examples number of images, at least 1
     * @param batch    images in a batch, at least 1
     * @throws IllegalArgumentException where one is below 1
     */
    public static ImageIterator train(int examples, int batch, CNN2DFormat format) {
        return new Images(0, examples, batch, format);
    }

    /** Test images, none of them a training image; otherwise as {@link #train}. */
    public static ImageIterator test(int examples, int batch, CNN2DFormat format) {
        return new Images(FIRST_TEST_INDEX, examples, batch, format);
    }

    /** Validation images, for choices between networks: none of them a training or a test image; otherwise as {@link #train}. */
    public static ImageIterator validation(int examples, int batch, CNN2DFormat format) {
        return new Images(FIRST_VALIDATION_INDEX, examples, batch, format);
    }

    private static final class Images extends ImageIterator {

        private final long first;
        private final CNN2DFormat format;

        Images(long first, int examples, int batch, CNN2DFormat format) {
            super(LABELS, SIZE, format, batch, examples);
            this.first = first;
            this.format = format;
        }

        @Override
        Example example(int index) {
            return ofClass(VIEW.apply(image(first + index), format), SyntheticImages.label(first + index));
        }
    }

    /** Index of the class of an image. */
    public static int label(long index) {
        return (int) Math.floorMod(index, (long) LABELS.size());
    }

    /**
     * The image of an index. Most are easy; the harder one is, the smaller and paler its shape, and the more pieces and noise there are.
     */
    public static RgbImage image(long index) {
        SplittableRandom random = new SplittableRandom(index);
        double hardness = StrictMath.pow(random.nextDouble(), 2);
        double[] ground = color(random, 20, 120);
        double[] ground2 = Canvas.mix(ground, color(random, 0, 160), random.nextDouble(0.6));
        double[] front = brighter(ground, color(random, 40, 130), 1 - 0.75 * hardness);
        double[] front2 = Canvas.mix(front, color(random, 100, 256), random.nextDouble(0.3));

        Canvas canvas = new Canvas(SIZE, paint(ground, ground2, random));
        pieces(canvas, SIZE, (int) random.nextDouble(1 + 6 * hardness), random);
        canvas.draw(FIGURES[label(index)].region(),
                placement(SIZE, random.nextDouble(10.5, 12.5) - 5 * hardness, random.nextDouble(0.85, 1), MAX_TILT, random),
                paint(front, front2, random));
        pieces(canvas, SIZE, (int) random.nextDouble(1 + 3 * hardness), random);
        double noise = 5 + 55 * hardness;
        return canvas.develop(() -> noise * (random.nextDouble() + random.nextDouble() + random.nextDouble() - 1.5));
    }

    /** Strokes and dots, smaller than any shape. */
    static void pieces(Canvas canvas, int size, int count, SplittableRandom random) {
        for (int i = 0; i < count; i++) {
            double[] color = color(random, 0, 256);
            canvas.draw(random.nextBoolean() ? STROKE : DOT, placement(size, random.nextDouble(3, 6), random.nextDouble(0.5, 1), Math.PI, random),
                    paint(color, color, random));
        }
    }

    /** A random place where the centre and most of the shape is inside the image, rotated by less than the tilt to either side. */
    static Placement placement(int size, double radius, double flatness, double tilt, SplittableRandom random) {
        double margin = 0.9 * radius;
        return new Placement(random.nextDouble(margin, size - margin), random.nextDouble(margin, size - margin), radius, flatness,
                random.nextDouble(-tilt, tilt));
    }

    /** Waves of 5 to 60 pixels: stripes to shades. */
    static Paint paint(double[] crest, double[] trough, SplittableRandom random) {
        double frequency = 1 / random.nextDouble(5, 60);
        double direction = random.nextDouble(2 * Math.PI);
        return new Paint(crest, trough, frequency * StrictMath.cos(direction), frequency * StrictMath.sin(direction),
                random.nextDouble());
    }

    static double[] color(SplittableRandom random, double from, double to) {
        return new double[]{random.nextDouble(from, to), random.nextDouble(from, to), random.nextDouble(from, to)};
    }

    static double[] brighter(double[] color, double[] step, double share) {
        double[] sum = new double[color.length];
        for (int i = 0; i < sum.length; i++) {
            sum[i] = color[i] + share * step[i];
        }
        return sum;
    }
}
