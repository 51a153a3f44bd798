package org.multipoint.datasets;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class RgbImageTest {

    @Test
    void decodesRgbInOrder() throws IOException {
        RgbImage image = TestImages.formula(11, 6);
        RgbImage decoded = RgbImage.decode(TestImages.encode(image, "png"));
        assertEquals(11, decoded.width());
        assertEquals(6, decoded.height());
        assertArrayEquals(image.pixels(), decoded.pixels());
    }

    @Test
    void makesRgbOfGreyscale() throws IOException {
        BufferedImage grey = new BufferedImage(16, 16, BufferedImage.TYPE_BYTE_GRAY);
        for (int i = 0; i < 256; i++) {
            grey.getRaster().setSample(i % 16, i / 16, 0, 77);
        }
        RgbImage decoded = RgbImage.decode(TestImages.encode(grey, "jpg"));
        assertArrayEquals(TestImages.uniform(16, 16, 77, 77, 77).pixels(), decoded.pixels());
    }

    @Test
    void makesRgbOfCmyk() throws IOException {
        RgbImage decoded = RgbImage.decode(TestImages.cmykJpeg(16, 16, 0, 255, 100, 51));
        // Red (255 - 0) * (255 - 51) / 255 = 204, green 0, blue (255 - 100) * 204 / 255 = 124; JPEG and rounding may shift them.
        int[] expected = {204, 0, 124};
        for (int i = 0; i < decoded.pixels().length; i++) {
            assertEquals(expected[i % 3], decoded.pixels()[i] & 0xFF, 2);
        }
    }

    @Test
    void makesEightBitsOfSixteen() throws IOException {
        BufferedImage deep = new BufferedImage(4, 4, BufferedImage.TYPE_USHORT_GRAY);
        for (int i = 0; i < 16; i++) {
            deep.getRaster().setSample(i % 4, i / 4, 0, 0x8100);
        }
        RgbImage decoded = RgbImage.decode(TestImages.encode(deep, "png"));
        assertArrayEquals(TestImages.uniform(4, 4, 0x81, 0x81, 0x81).pixels(), decoded.pixels());
    }

    @Test
    void ignoresTheOrientation() throws IOException {
        byte[] jpeg = TestImages.encode(TestImages.formula(40, 24), "jpg");
        RgbImage turned = RgbImage.decode(TestImages.turned(jpeg));
        assertEquals(40, turned.width());
        assertArrayEquals(RgbImage.decode(jpeg).pixels(), turned.pixels());
    }

    @Test
    void refusesWhatIsNoImage() throws IOException {
        assertReason("empty", new byte[0]);
        assertReason("not an image", "this is text, whatever its name".getBytes());
        assertReason("not an image", new byte[]{(byte) 0xFF});
        byte[] jpeg = TestImages.encode(TestImages.formula(64, 64), "jpg");
        assertReason("truncated", TestImages.firstHalf(jpeg));
        assertReason("truncated", TestImages.firstHalf(TestImages.turned(jpeg)));
        assertReason("not an image", TestImages.firstHalf(TestImages.encode(TestImages.formula(64, 64), "png")));
    }

    private static void assertReason(String reason, byte[] encoded) {
        IOException e = assertThrows(IOException.class, () -> RgbImage.decode(encoded));
        assertTrue(e.getMessage().contains(reason), e.getMessage());
    }

    @Test
    void namesTheFile(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("words.jpg"), "words");
        IOException e = assertThrows(IOException.class, () -> RgbImage.read(file));
        assertTrue(e.getMessage().contains(file.toString()), e.getMessage());
    }

    @Test
    void refusesPixelsOfAnotherSize() {
        assertThrows(IllegalArgumentException.class, () -> new RgbImage(2, 2, new byte[11]));
        assertThrows(IllegalArgumentException.class, () -> new RgbImage(0, 2, new byte[0]));
    }

    @Test
    void cropsAPart() {
        RgbImage image = TestImages.formula(5, 4);
        RgbImage part = image.window(2, 1, 2, 2, 0);
        byte[] p = image.pixels();
        byte[] expected = new byte[12];
        System.arraycopy(p, (5 + 2) * 3, expected, 0, 6);
        System.arraycopy(p, (10 + 2) * 3, expected, 6, 6);
        assertEquals(HexFormat.of().formatHex(expected), HexFormat.of().formatHex(part.pixels()));
    }
}
