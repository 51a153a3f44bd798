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
 * An endless set of 32x32 RGB images of ten kinds of figures, made by a generator: nothing is downloaded or stored. A figure has random
 * colours, stripes, position, size, proportions and rotation; it lies on a striped or shaded background, among and under smaller pieces, in
 * noise. An image depends on its index alone and is the same on every machine.
 */
public final class SyntheticImages {

    private static final Figure[] FIGURES = Figure.values();

    /** Names of the classes, by index. */
    public static final List<String> LABELS =
            Arrays.stream(FIGURES).map(figure -> figure.name().toLowerCase(Locale.ROOT)).toList();

    /** Side of an image, in pixels. */
    public static final int SIZE = 32;

    /** What a network sees: exactly 32x32 pixels, RGB, (pixel - 127.5) / 64. */
    public static final ImageView VIEW = new ImageView.Builder("synthetic", SIZE).exact().normalize(127.5, 64).build();

    /** Test images start at this index, training images at 0. */
    public static final long FIRST_TEST_INDEX = 1L << 32;

    private static final Region STROKE = (x, y) -> Math.abs(x) < 1 && Math.abs(y) < 0.25;
    private static final Region DOT = (x, y) -> x * x + y * y < 0.25;

    /** Least distance in RGB between the colours of figure and background: below 60, some figures cannot be seen in the noise. */
    private static final double CONTRAST = 60;

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

    private static final class Images extends ImageIterator {

        private final long first;
        private final CNN2DFormat format;

        Images(long first, int examples, int batch, CNN2DFormat format) {
            super(LABELS, SIZE, format, batch, examples);
            this.first = first;
            this.format = format;
        }

        @Override
        float[] features(int example) {
            return VIEW.apply(image(first + example), format);
        }

        @Override
        int label(int example) {
            return SyntheticImages.label(first + example);
        }
    }

    /** Index of the class of an image. */
    public static int label(long index) {
        return (int) Math.floorMod(index, (long) LABELS.size());
    }

    /** The image of an index. */
    public static RgbImage image(long index) {
        SplittableRandom random = new SplittableRandom(index);
        double[] ground = color(random);
        double[] ground2 = Canvas.mix(ground, color(random), random.nextDouble(0.6));
        double[] front = color(random);
        while (distance(front, ground) < CONTRAST || distance(front, ground2) < CONTRAST) {
            front = color(random);
        }
        double[] front2 = Canvas.mix(front, color(random), random.nextDouble(0.4));

        Canvas canvas = new Canvas(SIZE, paint(ground, ground2, random));
        pieces(canvas, random.nextInt(5), random);
        canvas.draw(FIGURES[label(index)].region(), placement(random.nextDouble(6, 13), random.nextDouble(0.7, 1), random),
                paint(front, front2, random));
        pieces(canvas, random.nextInt(3), random);
        double noise = random.nextDouble(10, 50);
        return canvas.develop(() -> noise * (random.nextDouble() + random.nextDouble() + random.nextDouble() - 1.5));
    }

    /** Strokes and dots, smaller than any figure. */
    private static void pieces(Canvas canvas, int count, SplittableRandom random) {
        for (int i = 0; i < count; i++) {
            double[] color = color(random);
            canvas.draw(random.nextBoolean() ? STROKE : DOT, placement(random.nextDouble(3, 6), random.nextDouble(0.5, 1), random),
                    paint(color, color, random));
        }
    }

    /** Anywhere the centre and most of the rest is inside. */
    private static Placement placement(double radius, double flatness, SplittableRandom random) {
        double margin = 0.75 * radius;
        return new Placement(random.nextDouble(margin, SIZE - margin), random.nextDouble(margin, SIZE - margin), radius, flatness,
                random.nextDouble(2 * Math.PI));
    }

    /** Waves of 5 to 60 pixels: stripes to shades. */
    private static Paint paint(double[] crest, double[] trough, SplittableRandom random) {
        double frequency = 1 / random.nextDouble(5, 60);
        double direction = random.nextDouble(2 * Math.PI);
        return new Paint(crest, trough, frequency * StrictMath.cos(direction), frequency * StrictMath.sin(direction),
                random.nextDouble());
    }

    private static double[] color(SplittableRandom random) {
        return new double[]{random.nextDouble(256), random.nextDouble(256), random.nextDouble(256)};
    }

    private static double distance(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        }
        return Math.sqrt(sum);
    }
}
