package org.multipoint.files;

import org.deeplearning4j.util.ModelSerializer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/** What a model consists of in the zip archive of its file, within bounds and with checksums that hold. Other entries are not looked at. */
final class ModelArchive {

    /** An entry up to this size may be compressed as far as it likes: so are the zeros of biases, and repetitive configurations. */
    private static final long SMALL = 64L << 20;
    /** How many times as large as its compressed form a larger entry may be. Zip goes to 1000; weights do not compress to half. */
    private static final long MOST_TIMES = 100;

    private final byte[] configuration;
    /** Null where the file has none. */
    private final byte[] coefficients;

    private ModelArchive(byte[] configuration, byte[] coefficients) {
        this.configuration = configuration;
        this.coefficients = coefficients;
    }

    /**
     * @throws ZipException             where an archive is damaged, or an entry is beyond its bounds
     * @throws IllegalArgumentException where it is no archive of a model
     */
    static ModelArchive read(Path file) throws IOException {
        long size = Files.size(file);
        try (ZipFile zip = new ZipFile(file.toFile())) {
            requireDistinct(zip);
            ZipEntry configuration = zip.getEntry(ModelSerializer.CONFIGURATION_JSON);
            require(configuration != null, "it has no entry " + ModelSerializer.CONFIGURATION_JSON);
            ZipEntry coefficients = zip.getEntry(ModelSerializer.COEFFICIENTS_BIN);
            require(coefficients != null && coefficients.getSize() > 0 || zip.getEntry(ModelSerializer.NO_PARAMS_MARKER) != null,
                    "it has no entry " + ModelSerializer.COEFFICIENTS_BIN + ", nor one that says that there are no parameters");
            return new ModelArchive(bytes(zip, configuration, size),
                    coefficients == null || coefficients.getSize() == 0 ? null : bytes(zip, coefficients, size));
        }
    }

    /** Of two entries with one name, some programs read the first and some the last. */
    private static void requireDistinct(ZipFile zip) {
        Set<String> names = new HashSet<>();
        zip.stream().forEach(entry -> require(names.add(entry.getName()), "it has two entries " + entry.getName()));
    }

    private static byte[] bytes(ZipFile zip, ZipEntry entry, long fileSize) throws IOException {
        long size = entry.getSize();
        long most = Math.min(Integer.MAX_VALUE - Long.BYTES, Math.max(SMALL, MOST_TIMES * Math.min(fileSize, entry.getCompressedSize())));
        require(size >= 0 && size <= most, "its entry " + entry.getName() + " has " + size + " bytes, expected at most " + most);
        try (InputStream in = zip.getInputStream(entry)) {
            // As much as there is, whatever the archive says.
            byte[] bytes = in.readNBytes((int) size);
            if (bytes.length < size || in.read() >= 0) {
                throw new EOFException("its entry " + entry.getName() + " does not have the " + size + " bytes that it should have");
            }
            CRC32 crc = new CRC32();
            crc.update(bytes);
            require(crc.getValue() == entry.getCrc(), "the checksum of its entry " + entry.getName() + " does not hold");
            return bytes;
        }
    }

    static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }

    /**
     * Checks the configuration.
     *
     * @param names properties one of which it must have
     * @return the first of them that it has
     * @throws IllegalArgumentException where it is beyond its bounds, or has none of the properties
     * @throws IOException              where it is no JSON
     */
    String requireProperty(String... names) throws IOException {
        Set<String> properties = ConfigurationJson.check(configuration);
        return Arrays.stream(names).filter(properties::contains).findFirst().orElseThrow(() -> new IllegalArgumentException(
                "expected a configuration with the property \"" + String.join("\" or \"", names) + "\", found " + properties));
    }

    /** The configuration as JSON, in the character set in which Deeplearning4j writes and reads it. */
    String configuration() {
        return new String(configuration, Charset.defaultCharset());
    }

    /**
     * The parameters.
     *
     * @param ofNone data type where the file has no parameters
     */
    INDArray params(DataType ofNone) throws IOException {
        return coefficients == null ? Coefficients.none(ofNone == null ? DataType.FLOAT : ofNone) : Coefficients.read(coefficients);
    }
}
