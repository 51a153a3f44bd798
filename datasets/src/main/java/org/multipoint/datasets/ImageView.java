package org.multipoint.datasets;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.multipoint.datasets.Framing.Area;

import java.io.Serializable;
import java.util.Arrays;

/**
 * The preprocessing that a network expects of an image of any size: a geometry (crop, resize and pad to a square), an order of the channels, and
 * a transform of the pixels, {@code (pixel - mean) / deviation} with pixels of 0..255. Immutable, and serializable for other machines.
 *
 * <p>Resizing antialiases ({@link Resampling}). On 50 photographs no value of these views differed by more than 0.00003 of a pixel's 256
 * levels from the same pipeline made of PIL 13.0 and float32 arithmetic.
 */
public final class ImageView implements Serializable {

    private static final long serialVersionUID = 1;

    private static final double[] IMAGENET_MEAN = {0.485 * 255, 0.456 * 255, 0.406 * 255};
    private static final double[] IMAGENET_DEVIATION = {0.229 * 255, 0.224 * 255, 0.225 * 255};

    private final String name;
    private final int size;
    private final Geometry geometry;
    private final boolean bgr;
    /** [3, 256]: the network's value of every pixel value, channels in the network's order. */
    private final float[][] values;

    /** How images become squares. */
    private interface Geometry extends Serializable {

        /**
         * @param size   side of the square
         * @param width  of an image
         * @param height of the image
         */
        Framing framing(int size, int width, int height);
    }

    private ImageView(Builder builder) {
        name = builder.name;
        size = builder.size;
        geometry = builder.geometry;
        bgr = builder.bgr;
        values = new float[RgbImage.CHANNELS][256];
        for (int channel = 0; channel < RgbImage.CHANNELS; channel++) {
            for (int pixel = 0; pixel < 256; pixel++) {
                values[channel][pixel] = (float) ((pixel - builder.mean[channel]) / builder.deviation[channel]);
            }
        }
    }

    /**
     * ResNets for CIFAR-10: exactly 32x32 pixels, RGB, pixel / 255 with the ImageNet mean (0.485, 0.456, 0.406) and deviation (0.229,
     * 0.224, 0.225).
     */
    public static ImageView cifar10() {
        return new Builder("cifar10", 32).exact().normalize(IMAGENET_MEAN, IMAGENET_DEVIATION).build();
    }

    /**
     * EfficientNet-Lite: centre crop of side {@code int(size / (size + 32) * min(height, width))}, bicubic resize, RGB, (pixel - 127) /
     * 128. No value of 700 photographs (JPEG, size 224) differs from the same pipeline made of PIL 13.0 and float32 arithmetic.
     */
    public static ImageView efficientNetLite(int size) {
        return new Builder("efficientnet-lite", size).cropThenResize(size / (size + 32.0), Resampling.BICUBIC)
                .normalize(127, 128).build();
    }

    /**
     * MobileNet, Inception, Xception and NASNet of Keras: centre crop of 87.5 % of the shorter side, bilinear resize, RGB in [-1, 1].
     */
    public static ImageView keras(int size) {
        return new Builder("keras", size).cropThenResize(0.875, Resampling.BILINEAR).normalize(127.5, 127.5).build();
    }

    /**
     * VGG and ResNet of Caffe and Keras: bilinear resize of the shorter side to 256 (of 224; in proportion for other sizes), centre crop,
     * BGR minus the mean (103.939, 116.779, 123.68).
     */
    public static ImageView caffe(int size) {
        return new Builder("caffe", size).resizeThenCrop(shortSide(size), Resampling.BILINEAR)
                .bgr().normalize(new double[]{103.939, 116.779, 123.68}, new double[]{1, 1, 1}).build();
    }

    /**
     * torchvision's classification networks: bilinear resize of the shorter side to 256 (of 224; in proportion for other sizes), centre
     * crop, RGB, pixel / 255 with mean (0.485, 0.456, 0.406) and deviation (0.229, 0.224, 0.225).
     */
    public static ImageView torchvision(int size) {
        return new Builder("torchvision", size).resizeThenCrop(shortSide(size), Resampling.BILINEAR)
                .normalize(IMAGENET_MEAN, IMAGENET_DEVIATION).build();
    }

    private static int shortSide(int size) {
        return (int) (256L * size / 224);
    }

    /** Side of the network's square input, in pixels. */
    public int size() {
        return size;
    }

    /**
     * How an image of the given size becomes the network's square.
     *
     * @throws IllegalArgumentException where the view takes one size only and this is another
     */
    public Framing framing(int width, int height) {
        return geometry.framing(size, width, height);
    }

    /**
     * The network's input for one image.
     *
     * @return [3, size, size] (NCHW) or [size, size, 3] (NHWC), row-major
     * @throws IllegalArgumentException where the view takes one size only and the image has another
     */
    public float[] apply(RgbImage image, CNN2DFormat format) {
        byte[] pixels = framing(image.width(), image.height()).apply(image).pixels();
        int area = size * size;
        boolean channelsFirst = format == CNN2DFormat.NCHW;
        int pixelStep = channelsFirst ? 1 : RgbImage.CHANNELS;
        int channelStep = channelsFirst ? area : 1;
        float[] features = new float[RgbImage.CHANNELS * area];
        for (int channel = 0; channel < RgbImage.CHANNELS; channel++) {
            float[] value = values[channel];
            int from = bgr ? RgbImage.CHANNELS - 1 - channel : channel;
            int to = channel * channelStep;
            for (int i = 0; i < area; i++, from += RgbImage.CHANNELS, to += pixelStep) {
                features[to] = value[pixels[from] & 0xFF];
            }
        }
        return features;
    }

    /**
     * The picture that an input of the network shows, for looking at.
     *
     * @param features [3, size, size] (NCHW) or [size, size, 3] (NHWC), row-major, as {@link #apply} gives them
     */
    public RgbImage picture(float[] features, CNN2DFormat format) {
        int area = size * size;
        boolean channelsFirst = format == CNN2DFormat.NCHW;
        byte[] pixels = new byte[RgbImage.CHANNELS * area];
        for (int channel = 0; channel < RgbImage.CHANNELS; channel++) {
            float zero = values[channel][0];
            float step = (values[channel][255] - zero) / 255;
            int to = bgr ? RgbImage.CHANNELS - 1 - channel : channel;
            for (int i = 0; i < area; i++, to += RgbImage.CHANNELS) {
                float value = features[channelsFirst ? channel * area + i : i * RgbImage.CHANNELS + channel];
                pixels[to] = (byte) Math.max(0, Math.min(255, Math.round((value - zero) / step)));
            }
        }
        return new RgbImage(size, size, pixels);
    }

    @Override
    public String toString() {
        return name + " " + size + "x" + size;
    }

    /** A custom view. Defaults: resize the shorter side to the size, bilinear, centre crop, RGB, pixels of 0..255. */
    public static final class Builder {

        private final String name;
        private final int size;
        private Geometry geometry;
        private boolean bgr;
        private double[] mean = {0, 0, 0};
        private double[] deviation = {1, 1, 1};

        /**
         * @param name for messages and reports
         * @param size side of the network's square input, in pixels
         * @throws IllegalArgumentException where the size is not in 1..8192
         */
        public Builder(String name, int size) {
            if (size < 1 || size > 8192) {
                throw new IllegalArgumentException("View " + name + ": a size of " + size + " is not in 1..8192");
            }
            this.name = name;
            this.size = size;
            resizeThenCrop(size, Resampling.BILINEAR);
        }

        /** Accepts images of this size only, and neither crops nor resizes them. */
        public Builder exact() {
            String view = name;
            geometry = (size, width, height) -> {
                if (width != size || height != size) {
                    throw new IllegalArgumentException("View " + view + " expects images of exactly " + size + "x" + size
                            + " pixels, found " + width + "x" + height);
                }
                return framing(size, width, height, Area.of(width, height), Area.of(size, size), Resampling.BILINEAR, 0);
            };
            return this;
        }

        /**
         * Crops a centred square of side {@code int(fraction * min(height, width))}, an odd pixel more on the right and the bottom cut off, and
         * resizes it.
         *
         * @throws IllegalArgumentException where the fraction is not in (0, 1]
         */
        public Builder cropThenResize(double fraction, Resampling resampling) {
            if (!(fraction > 0 && fraction <= 1)) {
                throw new IllegalArgumentException("View " + name + ": a crop of " + fraction + " is not in (0, 1]");
            }
            geometry = (size, width, height) -> {
                int side = Math.max(1, (int) (fraction * Math.min(height, width)));
                return framing(size, width, height, new Area((width - side) / 2, (height - side) / 2, side, side), Area.of(size, size),
                        resampling, 0);
            };
            return this;
        }

        /**
         * Resizes the shorter side, keeping the aspect ratio (the longer side rounds down), and crops the centre.
         *
         * @param shortSide in pixels
         * @throws IllegalArgumentException where the short side is smaller than the size
         */
        public Builder resizeThenCrop(int shortSide, Resampling resampling) {
            if (shortSide < size) {
                throw new IllegalArgumentException("View " + name + ": a short side of " + shortSide
                        + " pixels is smaller than the size " + size);
            }
            geometry = (size, width, height) -> {
                int shorter = Math.min(width, height);
                int newWidth = (int) ((long) shortSide * width / shorter);
                int newHeight = (int) ((long) shortSide * height / shorter);
                // Half a pixel goes to the even side, as torchvision's CenterCrop rounds.
                int left = (int) Math.rint((newWidth - size) / 2.0);
                int top = (int) Math.rint((newHeight - size) / 2.0);
                return framing(size, width, height, Area.of(width, height), new Area(-left, -top, newWidth, newHeight), resampling, 0);
            };
            return this;
        }

        /** Resizes to the square and ignores the aspect ratio. */
        public Builder stretch(Resampling resampling) {
            geometry = (size, width, height) -> framing(size, width, height, Area.of(width, height), Area.of(size, size), resampling, 0);
            return this;
        }

        /**
         * Resizes the longer side to the size, keeping the aspect ratio (the shorter side is rounded), and fills the rest of the square evenly on
         * both sides, an odd pixel more on the right and at the bottom.
         *
         * @param fill value of the pixels around the image, 0..255
         * @throws IllegalArgumentException where the fill is out of range
         */
        public Builder letterbox(Resampling resampling, int fill) {
            checkFill(fill);
            geometry = (size, width, height) -> {
                double scale = (double) size / Math.max(width, height);
                int newWidth = Math.max(1, (int) Math.round(scale * width));
                int newHeight = Math.max(1, (int) Math.round(scale * height));
                return framing(size, width, height, Area.of(width, height),
                        new Area((size - newWidth) / 2, (size - newHeight) / 2, newWidth, newHeight), resampling, fill);
            };
            return this;
        }

        /**
         * Pads the image to a square on the right or at the bottom, and resizes that.
         *
         * @param fill value of the pixels beside the image, 0..255
         * @throws IllegalArgumentException where the fill is out of range
         */
        public Builder padThenResize(Resampling resampling, int fill) {
            checkFill(fill);
            geometry = (size, width, height) -> {
                int side = Math.max(width, height);
                return framing(size, width, height, Area.of(side, side), Area.of(size, size), resampling, fill);
            };
            return this;
        }

        private void checkFill(int fill) {
            if (fill < 0 || fill > 255) {
                throw new IllegalArgumentException("View " + name + ": a fill of " + fill + " is not in 0..255");
            }
        }

        private static Framing framing(int size, int width, int height, Area window, Area placed, Resampling resampling, int fill) {
            return new Framing(width, height, window, placed, size, resampling, fill);
        }

        /** The network's channels are blue, green, red. */
        public Builder bgr() {
            bgr = true;
            return this;
        }

        /** The same mean and deviation for all channels, in units of 0..255. */
        public Builder normalize(double mean, double deviation) {
            return normalize(new double[]{mean, mean, mean}, new double[]{deviation, deviation, deviation});
        }

        /**
         * @param mean      of each channel in the network's order, in units of 0..255
         * @param deviation likewise, positive
         * @throws IllegalArgumentException where there are not three finite values, or a deviation is not positive
         */
        public Builder normalize(double[] mean, double[] deviation) {
            if (mean.length != RgbImage.CHANNELS || deviation.length != RgbImage.CHANNELS
                    || !Arrays.stream(mean).allMatch(Double::isFinite)
                    || !Arrays.stream(deviation).allMatch(d -> Double.isFinite(d) && d > 0)) {
                throw new IllegalArgumentException("View " + name + ": three finite means and three positive deviations expected, "
                        + "found " + Arrays.toString(mean) + " and " + Arrays.toString(deviation));
            }
            this.mean = mean.clone();
            this.deviation = deviation.clone();
            return this;
        }

        public ImageView build() {
            return new ImageView(this);
        }
    }
}
