package org.multipoint.datasets;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.multipoint.testing.TestData;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** The expected checksums are those of the reference pipelines' pixels, made with PIL 13.0. */
class ImageViewTest {

    private static final RgbImage COLOUR = TestImages.uniform(32, 32, 200, 100, 50);

    @Test
    void cifar10() {
        float[] input = ImageView.cifar10().apply(COLOUR, CNN2DFormat.NCHW);
        assertEquals(3 * 32 * 32, input.length);
        assertPixel(input, 1024, 1, (200 / 255.0 - 0.485) / 0.229, (100 / 255.0 - 0.456) / 0.224, (50 / 255.0 - 0.406) / 0.225);
    }

    @Test
    void cifar10TakesOneSizeOnly() {
        RgbImage larger = TestImages.uniform(33, 32, 0, 0, 0);
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
                () -> ImageView.cifar10().apply(larger, CNN2DFormat.NCHW));
        assertTrue(e.getMessage().contains("32x32") && e.getMessage().contains("33x32"), e.getMessage());
    }

    @Test
    void efficientNetLite() {
        assertPixel(ImageView.efficientNetLite(4).apply(COLOUR, CNN2DFormat.NHWC), 1, 3, 73 / 128.0, -27 / 128.0, -77 / 128.0);
    }

    @Test
    void keras() {
        assertPixel(ImageView.keras(4).apply(COLOUR, CNN2DFormat.NHWC), 1, 3, 200 / 127.5 - 1, 100 / 127.5 - 1, 50 / 127.5 - 1);
    }

    @Test
    void caffeIsBlueGreenRed() {
        assertPixel(ImageView.caffe(4).apply(COLOUR, CNN2DFormat.NCHW), 16, 1, 50 - 103.939, 100 - 116.779, 200 - 123.68);
    }

    @Test
    void torchvision() {
        assertPixel(ImageView.torchvision(4).apply(COLOUR, CNN2DFormat.NHWC), 1, 3,
                (200 / 255.0 - 0.485) / 0.229, (100 / 255.0 - 0.456) / 0.224, (50 / 255.0 - 0.406) / 0.225);
    }

    private static void assertPixel(float[] input, int channelStep, int pixelStep, double... expected) {
        for (int channel = 0; channel < 3; channel++) {
            assertEquals(expected[channel], input[channel * channelStep], 1e-6, "channel " + channel);
            assertEquals(expected[channel], input[channel * channelStep + pixelStep], 1e-6, "channel " + channel + ", next pixel");
        }
    }

    @Test
    void bothLayoutsHoldTheSame() {
        ImageView view = ImageView.caffe(8);
        float[] first = view.apply(TestImages.formula(19, 13), CNN2DFormat.NCHW);
        float[] last = view.apply(TestImages.formula(19, 13), CNN2DFormat.NHWC);
        for (int pixel = 0; pixel < 64; pixel++) {
            for (int channel = 0; channel < 3; channel++) {
                assertEquals(first[channel * 64 + pixel], last[pixel * 3 + channel]);
            }
        }
    }

    @Test
    void efficientNetLitePixelsEqualThePilPipeline() {
        assertEquals(3520197010L, TestImages.crc(litePixels(TestImages.formula(301, 198))));
    }

    @ParameterizedTest
    @CsvSource({"301, 198, 2226544635", "197, 303, 2427107198"})
    void torchvisionPixelsEqualThePilPipeline(int width, int height, long crc) {
        ImageView raw = new ImageView.Builder("raw", 224).resizeThenCrop(256, Resampling.BILINEAR).build();
        assertEquals(crc, TestImages.crc(bytes(raw.apply(TestImages.formula(width, height), CNN2DFormat.NHWC), 0, 1)));
    }

    /** Largest and mean difference to PIL's JPEG decoder and resize: 0. */
    @ParameterizedTest
    @CsvSource({"n01484850/n01484850_great_white_shark, 3889180382", "n03047690/n03047690_clog, 1797844637",
            "n13052670/n13052670_hen-of-the-woods, 269964723", "n02692877/n02692877_airship, 3252842950",
            "n02951585/n02951585_can_opener, 3371275984"})
    void realJpegsEqualThePilPipeline(String name, long crc) throws Exception {
        RgbImage image = RgbImage.read(TestData.require("imagenet/evaluation").resolve(name + ".JPEG"));
        assertEquals(crc, TestImages.crc(litePixels(image)));
    }

    private static byte[] litePixels(RgbImage image) {
        return bytes(ImageView.efficientNetLite(224).apply(image, CNN2DFormat.NHWC), 127, 128);
    }

    private static byte[] bytes(float[] input, int mean, int deviation) {
        byte[] pixels = new byte[input.length];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (byte) Math.round(input[i] * deviation + mean);
        }
        return pixels;
    }

    @Test
    void takesTheSmallestImages() {
        RgbImage dot = TestImages.uniform(1, 1, 9, 9, 9);
        for (ImageView view : new ImageView[]{ImageView.efficientNetLite(8), ImageView.keras(8), ImageView.caffe(8)}) {
            float[] input = view.apply(dot, CNN2DFormat.NHWC);
            assertEquals(8 * 8 * 3, input.length);
        }
    }

    @Test
    void stretchesToTheSquare() {
        ImageView view = new ImageView.Builder("stretched", 6).stretch(Resampling.BICUBIC).build();
        RgbImage image = TestImages.formula(13, 9);
        float[] expected = new float[6 * 6 * 3];
        byte[] pixels = Resampling.BICUBIC.resize(image, 6, 6).pixels();
        for (int i = 0; i < expected.length; i++) {
            expected[i] = pixels[i] & 0xFF;
        }
        assertArrayEquals(expected, view.apply(image, CNN2DFormat.NHWC));
    }

    @Test
    void refusesSettingsThatMakeNoSense() {
        assertThrows(IllegalArgumentException.class, () -> ImageView.keras(0));
        ImageView.Builder builder = new ImageView.Builder("mine", 8);
        assertThrows(IllegalArgumentException.class, () -> builder.cropThenResize(0, Resampling.BILINEAR));
        assertThrows(IllegalArgumentException.class, () -> builder.cropThenResize(Double.NaN, Resampling.BILINEAR));
        assertThrows(IllegalArgumentException.class, () -> builder.resizeThenCrop(7, Resampling.BILINEAR));
        assertThrows(IllegalArgumentException.class, () -> builder.normalize(0, 0));
        assertThrows(IllegalArgumentException.class, () -> builder.normalize(new double[2], new double[]{1, 1}));
    }
}
