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
    void padsThenResizes() {
        ImageView view = new ImageView.Builder("padded", 6).padThenResize(Resampling.BILINEAR, 9).build();
        RgbImage image = TestImages.formula(13, 9);
        RgbImage padded = Resampling.BILINEAR.resize(image.window(0, 0, 13, 13, 9), 6, 6);
        assertEquals(padded, view.picture(view.apply(image, CNN2DFormat.NHWC), CNN2DFormat.NHWC));
        assertEquals(9, padded.pixels()[padded.pixels().length - 1]);
        assertBox(new Box(0.5, 0.25 * 9 / 13, 1, 0.5 * 9 / 13), new Box(0.5, 0.25, 1, 0.5), view.framing(13, 9));
    }

    @ParameterizedTest
    @CsvSource({"20, 13, 10, 7, 0, 1", "13, 20, 7, 10, 1, 0", "30, 1, 10, 1, 0, 4"})
    void letterboxKeepsTheAspectRatio(int width, int height, int newWidth, int newHeight, int left, int top) {
        ImageView view = new ImageView.Builder("letterbox", 10).letterbox(Resampling.BICUBIC, 128).bgr().normalize(3, 7).build();
        RgbImage image = TestImages.formula(width, height);
        RgbImage shown = view.picture(view.apply(image, CNN2DFormat.NCHW), CNN2DFormat.NCHW);
        assertEquals(Resampling.BICUBIC.resize(image, newWidth, newHeight), shown.window(left, top, newWidth, newHeight, 0));
        assertEquals(128, shown.pixels()[0] & 0xFF);
        assertBox(new Box(left / 10.0, top / 10.0, (left + newWidth / 2.0) / 10, (top + newHeight) / 10.0), new Box(0, 0, 0.5, 1),
                view.framing(width, height));
    }

    @Test
    void boxesFollowEveryGeometry() {
        Box all = new Box(0, 0, 1, 1);
        assertBox(all, all, new ImageView.Builder("exact", 9).exact().build().framing(9, 9));
        assertBox(all, all, new ImageView.Builder("stretched", 6).stretch(Resampling.BICUBIC).build().framing(13, 9));
        // The middle 10x10 pixels of 40x20.
        assertBox(all, new Box(15 / 40.0, 5 / 20.0, 25 / 40.0, 15 / 20.0),
                new ImageView.Builder("cropped", 5).cropThenResize(0.5, Resampling.BILINEAR).build().framing(40, 20));
        // 40x20 becomes 20x10, of which columns 6 to 13 and rows 1 to 8 are shown.
        assertBox(new Box(-6 / 8.0, -1 / 8.0, 14 / 8.0, 9 / 8.0), all,
                new ImageView.Builder("resized", 8).resizeThenCrop(10, Resampling.BILINEAR).build().framing(40, 20));
    }

    private static void assertBox(Box inView, Box inImage, Framing framing) {
        assertNear(inView, framing.toView(inImage));
        assertNear(inImage, framing.toImage(inView));
    }

    private static void assertNear(Box expected, Box found) {
        assertArrayEquals(new double[]{expected.left(), expected.top(), expected.right(), expected.bottom()},
                new double[]{found.left(), found.top(), found.right(), found.bottom()}, 1e-12);
    }

    /** The checksums are of PIL's bilinear resize, with and without padding. */
    @ParameterizedTest
    @CsvSource({"301, 198, PAD", "303, 197, STRETCH"})
    void detectorPixelsEqualThePilPipeline(int width, int height, String geometry) {
        ImageView.Builder raw = new ImageView.Builder("raw", 104);
        ImageView view = (geometry.equals("PAD") ? raw.padThenResize(Resampling.BILINEAR, 0) : raw.stretch(Resampling.BILINEAR)).build();
        assertEquals(geometry.equals("PAD") ? 4210246865L : 2708308505L,
                TestImages.crc(bytes(view.apply(TestImages.formula(width, height), CNN2DFormat.NHWC), 0, 1)));
    }

    @Test
    void refusesSettingsThatMakeNoSense() {
        assertThrows(IllegalArgumentException.class, () -> ImageView.keras(0));
        ImageView.Builder builder = new ImageView.Builder("mine", 8);
        assertThrows(IllegalArgumentException.class, () -> builder.cropThenResize(0, Resampling.BILINEAR));
        assertThrows(IllegalArgumentException.class, () -> builder.cropThenResize(Double.NaN, Resampling.BILINEAR));
        assertThrows(IllegalArgumentException.class, () -> builder.resizeThenCrop(7, Resampling.BILINEAR));
        assertThrows(IllegalArgumentException.class, () -> builder.letterbox(Resampling.BILINEAR, 256));
        assertThrows(IllegalArgumentException.class, () -> builder.padThenResize(Resampling.BILINEAR, -1));
        assertThrows(IllegalArgumentException.class, () -> builder.normalize(0, 0));
        assertThrows(IllegalArgumentException.class, () -> builder.normalize(new double[2], new double[]{1, 1}));
    }
}
