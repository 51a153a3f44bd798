package org.multipoint.samples.models;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** Makes npz files of small ResNets. */
public final class NpzFiles {

    private NpzFiles() {
    }

    /** Random weights under PyTorch's names. */
    public static Map<String, INDArray> resNet(int blocks, int width, int classes) {
        Nd4j.getRandom().setSeed(7);
        Map<String, INDArray> arrays = new TreeMap<>();
        normalized(arrays, "", 1, width, 3);
        int in = width;
        for (int stage = 1; stage <= 3; stage++) {
            for (int block = 0; block < blocks; block++) {
                String name = "layer" + stage + "." + block + ".";
                int out = width << stage - 1;
                normalized(arrays, name, 1, out, in);
                normalized(arrays, name, 2, out, out);
                in = out;
            }
        }
        arrays.put("linear.weight", Nd4j.randn(classes, in));
        arrays.put("linear.bias", Nd4j.randn(new long[]{classes}));
        return arrays;
    }

    private static void normalized(Map<String, INDArray> arrays, String block, int index, int out, int in) {
        arrays.put(block + "conv" + index + ".weight", Nd4j.randn(out, in, 3, 3).mul(0.3));
        String norm = block + "bn" + index + ".";
        arrays.put(norm + "weight", Nd4j.rand(out).add(0.5));
        arrays.put(norm + "bias", Nd4j.randn(new long[]{out}));
        arrays.put(norm + "running_mean", Nd4j.randn(new long[]{out}));
        arrays.put(norm + "running_var", Nd4j.rand(out).add(0.5));
    }

    /** Writes arrays to a file. */
    public static Path write(Path file, Map<String, INDArray> arrays) throws IOException {
        Npz.write(file, arrays);
        return file;
    }
}
