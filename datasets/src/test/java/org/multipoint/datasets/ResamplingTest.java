package org.multipoint.datasets;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.HexFormat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

/** The expected bytes are those of PIL 13.0. */
class ResamplingTest {

    @ParameterizedTest
    @CsvSource({
            "BILINEAR, 13, 9, 4, 3, 70737f81827d7b667c7d89728a727787877b79807a826b8d85688b826b867f697c895b86",
            "BILINEAR, 3, 2, 5, 4, 0043860f52952568ab3b7ec14a8dd0195c9f2a6d964285885a76a06a6db04c8fd25fa2987bbe4197665da92c6f65a8eb79bc99"
                    + "97da1db55e3bc90c4f",
            "BILINEAR, 6, 3, 3, 5, 1a5da05da0c39fe249467b92857c9f86ba7989a77cc24568607ec173667d8c6f6c665986653a7d688b6e6a405e",
            "BICUBIC, 13, 9, 4, 3, 6b708283867a76637c7b8d738c6e7686887b7a837985638d86698d826d877a6d7e8d5884",
            "BICUBIC, 3, 2, 5, 4, 0037780244901b5eb83486d2429dde14559c2166943d808e5879a76872b84d8fe25eab9e7fc23aa15f52b21e6e6aadff7dcda2"
                    + "a1e410c55227d80048",
            "BICUBIC, 6, 3, 3, 5, 0c509f54a8d7abf0323c7c928978a788c87383b17dce395f5684ca73637d917164614e8961287f609e6f6e3254"})
    void equalsPilToTheBit(Resampling resampling, int width, int height, int newWidth, int newHeight, String expected) {
        RgbImage resized = resampling.resize(TestImages.formula(width, height), newWidth, newHeight);
        assertEquals(newWidth, resized.width());
        assertEquals(newHeight, resized.height());
        assertEquals(expected, HexFormat.of().formatHex(resized.pixels()));
    }

    @ParameterizedTest
    @CsvSource({"BILINEAR, 500, 375, 224, 200, 2743816945", "BILINEAR, 61, 47, 130, 224, 3336633727",
            "BICUBIC, 500, 375, 224, 200, 1071493203", "BICUBIC, 61, 47, 130, 224, 1802325343"})
    void equalsPilOnLargerImages(Resampling resampling, int width, int height, int newWidth, int newHeight, long crc) {
        assertEquals(crc, TestImages.crc(resampling.resize(TestImages.formula(width, height), newWidth, newHeight).pixels()));
    }

    @Test
    void leavesAnImageOfTheSizeAlone() {
        RgbImage image = TestImages.formula(7, 5);
        assertSame(image, Resampling.BICUBIC.resize(image, 7, 5));
    }

    @ParameterizedTest
    @CsvSource({"BILINEAR, 3, 40", "BILINEAR, 40, 3", "BICUBIC, 3, 40", "BICUBIC, 40, 3"})
    void keepsAUniformColour(Resampling resampling, int from, int to) {
        RgbImage resized = resampling.resize(TestImages.uniform(from, from, 255, 1, 128), to, to);
        assertEquals(TestImages.crc(TestImages.uniform(to, to, 255, 1, 128).pixels()), TestImages.crc(resized.pixels()));
    }
}
