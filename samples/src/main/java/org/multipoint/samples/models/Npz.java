package org.multipoint.samples.models;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Enumeration;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/** Arrays of a NumPy {@code .npz} file by name. Every error message names the file and the array. */
public final class Npz {

    private static final String SUFFIX = ".npy";
    private static final byte[] MAGIC = "\u0093NUMPY".getBytes(StandardCharsets.ISO_8859_1);

    private final Path file;
    private final Map<String, INDArray> arrays = new TreeMap<>();
    private final Set<String> unread = new TreeSet<>();

    private Npz(Path file) {
        this.file = file;
    }

    /**
     * Reads all arrays.
     *
     * @throws IOException where the file is missing, unreadable, truncated or altered
     */
    public static Npz read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new IOException(file + ": there is no such file, expected an npz file of weights");
        }
        Npz npz = new Npz(file);
        try (ZipFile zip = new ZipFile(file.toFile())) {
            for (Enumeration<? extends ZipEntry> entries = zip.entries(); entries.hasMoreElements(); ) {
                ZipEntry entry = entries.nextElement();
                if (entry.getName().endsWith(SUFFIX)) {
                    String name = entry.getName().substring(0, entry.getName().length() - SUFFIX.length());
                    byte[] npy = zip.getInputStream(entry).readAllBytes();
                    CRC32 crc = new CRC32();
                    crc.update(npy);
                    if (crc.getValue() != entry.getCrc()) {
                        throw new ZipException("the checksum of array \"" + name + "\" is wrong");
                    }
                    npz.arrays.put(name, npz.array(name, npy));
                }
            }
        } catch (ZipException | EOFException e) {
            throw new IOException(file + ": this is no npz file, or it is truncated or altered (" + e.getMessage() + ")", e);
        }
        npz.unread.addAll(npz.arrays.keySet());
        return npz;
    }

    /** Writes arrays to a file. */
    static void write(Path file, Map<String, INDArray> arrays) throws IOException {
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            for (Map.Entry<String, INDArray> array : arrays.entrySet()) {
                zip.putNextEntry(new ZipEntry(array.getKey() + SUFFIX));
                zip.write(Nd4j.toNpyByteArray(array.getValue()));
                zip.closeEntry();
            }
        }
    }

    private INDArray array(String name, byte[] npy) throws IOException {
        // ND4J reads the array in native code: its header is checked first.
        if (npy.length <= MAGIC.length || !Arrays.equals(npy, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
            throw new IOException(file + ": array \"" + name + "\" is not in npy format");
        }
        try {
            return Nd4j.createNpyFromByteArray(npy);
        } catch (RuntimeException e) {
            throw new IOException(file + ": array \"" + name + "\" cannot be read (" + e.getMessage() + ")", e);
        }
    }

    public boolean has(String name) {
        return arrays.containsKey(name);
    }

    /**
     * An array whose shape is given, -1 for a dimension of any size.
     *
     * @throws IllegalArgumentException where it is missing, has another shape, or holds NaN or infinity
     */
    public INDArray get(String name, long... shape) {
        INDArray array = arrays.get(name);
        if (array == null) {
            throw new IllegalArgumentException(file + ": array \"" + name + "\" is missing");
        }
        boolean fits = array.rank() == shape.length;
        for (int i = 0; fits && i < shape.length; i++) {
            fits = shape[i] < 0 || array.size(i) == shape[i];
        }
        if (!fits) {
            throw new IllegalArgumentException(file + ": array \"" + name + "\" has shape " + Arrays.toString(array.shape())
                    + ", expected " + Arrays.toString(shape).replace("-1", "any"));
        }
        if (!Float.isFinite(array.norm1Number().floatValue())) {
            throw new IllegalArgumentException(file + ": array \"" + name + "\" holds NaN or infinite values");
        }
        unread.remove(name);
        return array;
    }

    /** Names of arrays that were not read. */
    Set<String> unread() {
        return unread;
    }
}
