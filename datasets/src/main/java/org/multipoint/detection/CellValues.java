package org.multipoint.detection;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** An output with some channels for each cell of a grid over the image. */
final class CellValues {

    private final float[] values;
    private final int images;
    private final int height;
    private final int width;
    private final int channels;
    private final boolean channelsFirst;

    /** Takes the values of a cell. */
    interface CellDecoder {

        /**
         * @param cell of the image
         * @param into the detections of the image
         */
        void decode(Cell cell, List<Detection> into);
    }

    /** The values of one cell. */
    final class Cell {

        private final int image;
        private final int row;
        private final int column;

        private Cell(int image, int row, int column) {
            this.image = image;
            this.row = row;
            this.column = column;
        }

        double get(int channel) {
            return at(image, row, column, channel);
        }

        int row() {
            return row;
        }

        int column() {
            return column;
        }

        /** The same cell of another output with the same grid. */
        Cell in(CellValues other) {
            return other.new Cell(image, row, column);
        }
    }

    private CellValues(float[] values, int images, int height, int width, int channels, boolean channelsFirst) {
        this.values = values;
        this.images = images;
        this.height = height;
        this.width = width;
        this.channels = channels;
        this.channelsFirst = channelsFirst;
    }

    /**
     * @param name of the output, for the message
     * @throws IllegalArgumentException where the array does not have four dimensions
     */
    static CellValues of(INDArray output, CNN2DFormat format, String name) {
        if (output.rank() != 4) {
            throw new IllegalArgumentException(name + " has the shape " + Arrays.toString(output.shape()) + ", expected "
                    + format.dimensionNames());
        }
        boolean channelsFirst = format == CNN2DFormat.NCHW;
        return new CellValues(output.dup('c').data().asFloat(), (int) output.size(0), (int) output.size(channelsFirst ? 2 : 1),
                (int) output.size(channelsFirst ? 3 : 2), (int) output.size(channelsFirst ? 1 : 3), channelsFirst);
    }

    int images() {
        return images;
    }

    int height() {
        return height;
    }

    int width() {
        return width;
    }

    int channels() {
        return channels;
    }

    private float at(int image, int row, int column, int channel) {
        return values[channelsFirst ? ((image * channels + channel) * height + row) * width + column
                : ((image * height + row) * width + column) * channels + channel];
    }

    /** Decodes all cells of each image. */
    List<List<Detection>> decode(CellDecoder decoder) {
        List<List<Detection>> all = new ArrayList<>();
        for (int image = 0; image < images; image++) {
            List<Detection> found = new ArrayList<>();
            for (int row = 0; row < height; row++) {
                for (int column = 0; column < width; column++) {
                    decoder.decode(new Cell(image, row, column), found);
                }
            }
            all.add(found);
        }
        return all;
    }

    /** The detections of several outputs, for each image. */
    static List<List<Detection>> merge(List<List<List<Detection>>> outputs) {
        List<List<Detection>> merged = new ArrayList<>();
        for (int image = 0; image < outputs.get(0).size(); image++) {
            List<Detection> all = new ArrayList<>();
            for (List<List<Detection>> output : outputs) {
                all.addAll(output.get(image));
            }
            merged.add(all);
        }
        return merged;
    }

    /**
     * Checks the number of channels.
     *
     * @throws IllegalArgumentException where it is another
     */
    CellValues withChannels(int expected, String name) {
        if (channels != expected) {
            throw new IllegalArgumentException(name + " has " + channels + " channels for each cell, expected " + expected);
        }
        return this;
    }

    static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }
}
