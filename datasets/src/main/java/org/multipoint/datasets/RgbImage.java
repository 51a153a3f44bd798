package org.multipoint.datasets;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.opencv.opencv_core.Mat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

import static org.bytedeco.opencv.global.opencv_core.CV_8UC1;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_COLOR;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_IGNORE_ORIENTATION;
import static org.bytedeco.opencv.global.opencv_imgcodecs.imdecode;

/**
 * An 8-bit RGB image.
 *
 * @param width  in pixels
 * @param height in pixels
 * @param pixels [height, width, 3], values 0..255 as unsigned bytes; not copied
 */
public record RgbImage(int width, int height, byte[] pixels) {

    /** Bytes of one pixel. */
    public static final int CHANNELS = 3;

    /** @throws IllegalArgumentException where the number of bytes is not height * width * 3 */
    public RgbImage {
        if (width < 1 || height < 1 || (long) width * height * CHANNELS != pixels.length) {
            throw new IllegalArgumentException("An RGB image of " + width + "x" + height + " does not have " + pixels.length
                    + " bytes");
        }
    }

    /**
     * Reads an image file as {@link #decode} does.
     *
     * @throws IOException where the file cannot be read or decoded; the message names it
     */
    public static RgbImage read(Path file) throws IOException {
        byte[] encoded = Files.readAllBytes(file);
        try {
            return decode(encoded);
        } catch (IOException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    /**
     * Decodes an image with the OpenCV codecs of DataVec's NativeImageLoader. Greyscale and CMYK become RGB, 16 bits become 8,
     * alpha is dropped. An EXIF orientation is ignored, as the reference pipelines of the common networks ignore it
     * (NativeImageLoader turns the image).
     *
     * @param encoded a whole JPEG, PNG, BMP, TIFF, WebP or other file that OpenCV knows
     * @throws IOException where the bytes are not an image, or are a truncated JPEG
     */
    public static RgbImage decode(byte[] encoded) throws IOException {
        if (encoded.length == 0) {
            throw new IOException("the file is empty");
        }
        if (isJpeg(encoded) && !endsJpeg(encoded)) {
            throw new IOException("the JPEG is truncated: no end marker after its image data");
        }
        try (BytePointer bytes = new BytePointer(encoded);
             Mat buffer = new Mat(1, encoded.length, CV_8UC1, bytes);
             Mat bgr = imdecode(buffer, IMREAD_COLOR | IMREAD_IGNORE_ORIENTATION)) {
            if (bgr.empty()) {
                throw new IOException("not an image that OpenCV decodes");
            }
            long length = (long) bgr.rows() * bgr.cols() * CHANNELS;
            if (length > Integer.MAX_VALUE - 8) {
                throw new IOException(bgr.cols() + "x" + bgr.rows() + " pixels are too many");
            }
            byte[] pixels = new byte[(int) length];
            try (BytePointer data = bgr.data()) {
                data.get(pixels);
            }
            swapFirstAndThird(pixels);
            return new RgbImage(bgr.cols(), bgr.rows(), pixels);
        } catch (RuntimeException e) {
            throw new IOException("OpenCV failed: " + e.getMessage(), e);
        }
    }

    private static boolean isJpeg(byte[] encoded) {
        return encoded.length > 2 && (encoded[0] & 0xFF) == 0xFF && (encoded[1] & 0xFF) == 0xD8;
    }

    /**
     * Whether the last start of scan is followed by an end of image. OpenCV decodes a truncated JPEG without an error. Entropy-coded
     * data has no such markers, so the last of the two in the file decides; a thumbnail's end comes before the image's scan.
     */
    private static boolean endsJpeg(byte[] encoded) {
        for (int i = encoded.length - 2; i >= 0; i--) {
            if ((encoded[i] & 0xFF) == 0xFF) {
                int marker = encoded[i + 1] & 0xFF;
                if (marker == 0xD9) {
                    return true;
                }
                if (marker == 0xDA) {
                    return false;
                }
            }
        }
        return false;
    }

    private static void swapFirstAndThird(byte[] pixels) {
        for (int i = 0; i < pixels.length; i += CHANNELS) {
            byte first = pixels[i];
            pixels[i] = pixels[i + 2];
            pixels[i + 2] = first;
        }
    }

    /**
     * The part of the given size whose corner is at (left, top).
     *
     * @param fill value of its pixels that lie outside of the image, 0..255
     */
    RgbImage window(int left, int top, int width, int height, int fill) {
        if (left == 0 && top == 0 && width == this.width && height == this.height) {
            return this;
        }
        byte[] part = new byte[Math.multiplyExact(height, width * CHANNELS)];
        Arrays.fill(part, (byte) fill);
        int firstX = Math.max(0, left);
        int columns = Math.min(this.width, left + width) - firstX;
        for (int y = Math.max(0, top); columns > 0 && y < Math.min(this.height, top + height); y++) {
            System.arraycopy(pixels, (y * this.width + firstX) * CHANNELS, part, ((y - top) * width + firstX - left) * CHANNELS,
                    columns * CHANNELS);
        }
        return new RgbImage(width, height, part);
    }

    /** The same image for Java's own drawing and writing (ImageIO). */
    public BufferedImage toBufferedImage() {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int y = 0, i = 0; y < height; y++) {
            for (int x = 0; x < width; x++, i += CHANNELS) {
                image.setRGB(x, y, (pixels[i] & 0xFF) << 16 | (pixels[i + 1] & 0xFF) << 8 | pixels[i + 2] & 0xFF);
            }
        }
        return image;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RgbImage image && width == image.width && height == image.height && Arrays.equals(pixels, image.pixels);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * width + height) + Arrays.hashCode(pixels);
    }

    @Override
    public String toString() {
        return "RgbImage(" + width + "x" + height + ")";
    }
}
