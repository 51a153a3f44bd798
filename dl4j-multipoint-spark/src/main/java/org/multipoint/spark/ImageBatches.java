package org.multipoint.spark;

import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.multipoint.datasets.ImageView;
import org.multipoint.datasets.RgbImage;
import org.multipoint.internal.ops.Tensor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import scala.Tuple2;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;

/** Reads image files in batches. Files that cannot be decoded are left out. */
final class ImageBatches implements Iterator<DataSet> {

    private final Iterator<Tuple2<String, Integer>> files;
    private final ImageView view;
    private final CNN2DFormat format;
    private final int classes;
    private final int batchSize;
    private final Map<String, String> skipped;
    private DataSet next;
    private DataSet given;

    /**
     * @param files   paths on a file system that all machines have, or URIs of one that Hadoop knows, with the indices of classes
     * @param skipped files that are left out are added to it, with the reason
     */
    ImageBatches(Iterator<Tuple2<String, Integer>> files, ImageView view, CNN2DFormat format, int classes, int batchSize,
                 Map<String, String> skipped) {
        this.files = files;
        this.view = view;
        this.format = format;
        this.classes = classes;
        this.batchSize = batchSize;
        this.skipped = skipped;
    }

    @Override
    public boolean hasNext() {
        if (given != null) {
            given.getFeatures().close();
            given.getLabels().close();
            given = null;
        }
        if (next == null) {
            next = read();
        }
        return next != null;
    }

    /** The next batch, which is closed when another one is asked for. */
    @Override
    public DataSet next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        given = next;
        next = null;
        return given;
    }

    private DataSet read() {
        int each = RgbImage.CHANNELS * view.size() * view.size();
        float[] features = new float[batchSize * each];
        float[] labels = new float[batchSize * classes];
        int count = 0;
        while (count < batchSize && files.hasNext()) {
            Tuple2<String, Integer> file = files.next();
            if (file._2 < 0 || file._2 >= classes) {
                throw new IllegalArgumentException(file._1 + ": class " + file._2 + ", expected 0 to " + (classes - 1));
            }
            try {
                System.arraycopy(view.apply(RgbImage.decode(bytes(file._1)), format), 0, features, count * each, each);
                labels[count * classes + file._2] = 1;
                count++;
            } catch (FileNotFoundException | NoSuchFileException e) {
                skipped.put(file._1, "there is no such file");
            } catch (IOException e) {
                skipped.put(file._1, e.getMessage());
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(file._1 + ": " + e.getMessage(), e);
            }
        }
        return count == 0 ? null : new DataSet(array(features, count * each, shape(count)), array(labels, count * classes, count, classes));
    }

    private long[] shape(int count) {
        long size = view.size();
        return format == CNN2DFormat.NCHW ? new long[]{count, RgbImage.CHANNELS, size, size} : new long[]{count, size, size, RgbImage.CHANNELS};
    }

    private static INDArray array(float[] values, int length, long... shape) {
        return Tensor.array(length == values.length ? values : Arrays.copyOf(values, length), 'c', shape);
    }

    private static byte[] bytes(String file) throws IOException {
        if (!file.contains("://")) {
            return Files.readAllBytes(Path.of(file));
        }
        org.apache.hadoop.fs.Path path = new org.apache.hadoop.fs.Path(file);
        try (FSDataInputStream in = path.getFileSystem(new Configuration()).open(path)) {
            return in.readAllBytes();
        }
    }
}
