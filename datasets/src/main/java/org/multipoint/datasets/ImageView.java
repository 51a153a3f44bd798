package org.multipoint.datasets;

import org.deeplearning4j.nn.conf.CNN2DFormat;

import java.util.Arrays;
import java.util.function.UnaryOperator;

/**
 * The preprocessing that a network expects of an image of any size: a geometry (crop and resize to a square), an order of the channels, and
 * a transform of the pixels, {@code (pixel - mean) / deviation} with pixels of 0..255. Immutable.
 *
 * <p>Resizing antialiases ({@link Resampling}). On 50 photographs no value of these views differed by more than 0.00003 of a pixel's 256
 * levels from the same pipeline made of PIL 13.0 and float32 arithmetic.
 */
public final class ImageView {

    private static final double[] IMAGENET_MEAN = {0.485 * 255, 0.456 * 255, 0.406 * 255};
    private static final double[] IMAGENET_DEVIATION = {0.229 * 255, 0.224 * 255, 0.225 * 255};

    private final String name;
    private final int size;
    private final UnaryOperator<RgbImage> geometry;
    private final boolean bgr;
    /** [3, 256]: the network's value of every pixel value, channels in the network's order. */
    private final float[][] values;

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
     * The network's input for one image.
     *
     * @return [3, size, size] (NCHW) or [size, size, 3] (NHWC), row-major
     * @throws IllegalArgumentException where the view takes one size only and the image has another
     */
    public float[] apply(RgbImage image, CNN2DFormat format) {
        byte[] pixels = geometry.apply(image).pixels();
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

    @Override
    public String toString() {
        return name + " " + size + "x" + size;
    }

    /** A custom view. Defaults: resize the shorter side to the size, bilinear, centre crop, RGB, pixels of 0..255. */
    public static final class Builder {

        private final String name;
        private final int size;
        private UnaryOperator<RgbImage> geometry;
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
            geometry = image -> {
                if (image.width() != size || image.height() != size) {
                    throw new IllegalArgumentException("View " + name + " expects images of exactly " + size + "x" + size
                            + " pixels, found " + image.width() + "x" + image.height());
                }
                return image;
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
            geometry = image -> {
                int side = Math.max(1, (int) (fraction * Math.min(image.height(), image.width())));
                int left = (image.width() - side) / 2;
                int top = (image.height() - side) / 2;
                return resampling.resize(image.crop(left, top, side, side), size, size);
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
            geometry = image -> {
                int shorter = Math.min(image.width(), image.height());
                int width = (int) ((long) shortSide * image.width() / shorter);
                int height = (int) ((long) shortSide * image.height() / shorter);
                // Half a pixel goes to the even side, as torchvision's CenterCrop rounds.
                int left = (int) Math.rint((width - size) / 2.0);
                int top = (int) Math.rint((height - size) / 2.0);
                return resampling.resize(image, width, height).crop(left, top, size, size);
            };
            return this;
        }

        /** Resizes to the square and ignores the aspect ratio. */
        public Builder stretch(Resampling resampling) {
            geometry = image -> resampling.resize(image, size, size);
            return this;
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
