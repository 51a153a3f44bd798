package org.multipoint.samples;

import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.multipoint.datasets.RgbImage;
import org.multipoint.samples.models.CifarResNet;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import javax.imageio.ImageIO;

/** The files that the fetch command can download, and how it lays each out for the commands that read it. */
enum Asset {

    CIFAR10("cifar10", "CIFAR-10: 50,000 training and 10,000 test images (A. Krizhevsky, \"Learning Multiple Layers of Features from Tiny "
            + "Images\", 2009; for research, no licence is stated)") {
        @Override
        void layOut(Path archive, Path folder) throws IOException {
            untar(archive, (name, in) -> {
                if (name.endsWith(".bin")) {
                    boolean test = name.endsWith("test_batch.bin");
                    Path part = folder.resolve(test ? "test" : "train");
                    cifarImages(in, part, test ? "" : name.replaceAll("\\D*10\\D*|\\D", "") + "-");
                }
            });
        }
    },
    RESNET20("models/resnet20-cifar10.npz", "ResNet-20 for CIFAR-10, weights by Y. Idelbayev (BSD-2-Clause)") {
        @Override
        void layOut(Path checkpoint, Path npz) throws IOException {
            CifarResNet.convert(checkpoint, npz);
        }
    },
    RESNET56("models/resnet56-cifar10.npz", "ResNet-56 for CIFAR-10, weights by Y. Idelbayev (BSD-2-Clause)") {
        @Override
        void layOut(Path checkpoint, Path npz) throws IOException {
            RESNET20.layOut(checkpoint, npz);
        }
    },
    IMAGENETTE("imagenet/imagenette", "Imagenette: 13,394 images of ten classes of ImageNet, 320 pixels (fast.ai, Apache-2.0)") {
        @Override
        void layOut(Path archive, Path folder) throws IOException {
            untar(archive, (name, in) -> {
                if (name.matches("[^/]+/(train|val)/n\\d{8}/[^/]+")) {
                    Path file = folder.resolve(name.substring(name.indexOf('/') + 1));
                    Files.createDirectories(file.getParent());
                    Files.copy(in, file);
                }
            });
        }
    },
    IMAGENET_LABELS("imagenet/labels.tsv", "the names of ImageNet's 1,000 classes, as Keras has them (Apache-2.0)") {
        @Override
        void layOut(Path json, Path tsv) throws IOException {
            JsonNode classes = new ObjectMapper().readTree(json.toFile());
            StringBuilder lines = new StringBuilder();
            for (int i = 0; i < classes.size(); i++) {
                JsonNode entry = classes.path(String.valueOf(i));
                lines.append(i).append('\t').append(entry.path(0).asText()).append('\t').append(entry.path(1).asText().replace('_', ' '))
                        .append('\n');
            }
            Files.writeString(tsv, lines, StandardCharsets.UTF_8);
        }
    };

    private static final List<String> CIFAR_LABELS = Cifar10Data.LABELS;
    private static final int CIFAR_SIDE = 32;
    private static final int CIFAR_PIXELS = CIFAR_SIDE * CIFAR_SIDE;

    private final String place;
    private final String description;

    Asset(String place, String description) {
        this.place = place;
        this.description = description;
    }

    /** The file or folder that it becomes, relative to the data folder. */
    String place() {
        return place;
    }

    /** What it is, who made it, and its licence. */
    String description() {
        return description;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Converts a downloaded file to what other commands read, at a path where nothing exists yet. */
    abstract void layOut(Path fetched, Path place) throws IOException;

    /** Converts a downloaded file to what other commands read; the result appears as a whole or not at all. */
    void install(Path fetched, Path data) throws IOException {
        Path whole = data.resolve(place);
        Path part = whole.resolveSibling(whole.getFileName() + ".part");
        Files.createDirectories(whole.toAbsolutePath().getParent());
        TemporaryFolder.delete(part);
        try {
            layOut(fetched, part);
            if (!Files.exists(part)) {
                throw new IOException(fetched + ": there is nothing in it of what was expected");
            }
            Files.move(part, whole, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            TemporaryFolder.delete(part);
        }
    }

    /** Receives a file of an archive. */
    @FunctionalInterface
    private interface Entry {
        void take(String name, InputStream content) throws IOException;
    }

    private static void untar(Path archive, Entry entry) throws IOException {
        try (SeekableByteChannel channel = Files.newByteChannel(archive);
             Progress progress = Progress.ofBytes("unpacking", channel.size());
             TarArchiveInputStream tar = new TarArchiveInputStream(new GZIPInputStream(reading(channel, progress)))) {
            for (TarArchiveEntry next = tar.getNextEntry(); next != null; next = tar.getNextEntry()) {
                if (next.isFile()) {
                    entry.take(next.getName(), tar);
                }
            }
        } catch (EOFException e) {
            throw new IOException(archive + ": the archive is truncated", e);
        }
    }

    private static InputStream reading(SeekableByteChannel channel, Progress progress) {
        return new BufferedInputStream(new FilterInputStream(Channels.newInputStream(channel)) {
            @Override
            public int read(byte[] bytes, int from, int length) throws IOException {
                int n = super.read(bytes, from, length);
                progress.stepTo(channel.position());
                return n;
            }
        });
    }

    /** Converts records (a class, then the red, green and blue values of an image) to PNG files, in a folder for each class. */
    private static void cifarImages(InputStream records, Path folder, String prefix) throws IOException {
        for (int index = 0; ; index++) {
            byte[] record = records.readNBytes(1 + 3 * CIFAR_PIXELS);
            if (record.length == 0) {
                return;
            }
            if (record.length != 1 + 3 * CIFAR_PIXELS || record[0] < 0 || record[0] >= CIFAR_LABELS.size()) {
                throw new IOException("Image " + index + " for " + folder + " is no record of " + CIFAR_LABELS.size() + " classes and "
                        + CIFAR_SIDE + "x" + CIFAR_SIDE + " pixels");
            }
            byte[] pixels = new byte[3 * CIFAR_PIXELS];
            for (int i = 0; i < CIFAR_PIXELS; i++) {
                for (int channel = 0; channel < 3; channel++) {
                    pixels[3 * i + channel] = record[1 + channel * CIFAR_PIXELS + i];
                }
            }
            Path of = Files.createDirectories(folder.resolve(CIFAR_LABELS.get(record[0])));
            ImageIO.write(new RgbImage(CIFAR_SIDE, CIFAR_SIDE, pixels).toBufferedImage(), "png",
                    of.resolve(String.format("%s%05d.png", prefix, index)).toFile());
        }
    }
}
