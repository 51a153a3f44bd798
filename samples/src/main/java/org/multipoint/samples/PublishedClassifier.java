package org.multipoint.samples;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.multipoint.datasets.ImageArrays;
import org.multipoint.datasets.ImageFolder;
import org.multipoint.datasets.ImageList;
import org.multipoint.datasets.ImageNet;
import org.multipoint.datasets.ImageView;
import org.multipoint.datasets.Resampling;
import org.multipoint.samples.models.Npz;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Classifiers that others have published, with examples to judge them by. What each expects is in {@code docs/DATA.md}. */
enum PublishedClassifier {

    /** MobileNetV2 of TensorFlow, whose first class is the background. */
    MOBILENET_V2("mobilenet_v2_1.0_224.h5") {
        @Override
        ImageList examples(Path data, Part part, CNN2DFormat format) {
            ImageView view = cropped(224).normalize(127.5, 127.5).build();
            return imageNet(data, part, view).labels(Stream.concat(Stream.of("background"), imageNetClasses(data)).toList()).format(format).build();
        }
    },

    /** SqueezeNet 1.0, in which two thirds of the weights are zero. */
    SQUEEZENET("squeezenet_v1_0.h5") {
        @Override
        ImageList examples(Path data, Part part, CNN2DFormat format) {
            ImageView view = cropped(227).bgr().normalize(new double[]{104, 117, 123}, new double[]{1, 1, 1}).build();
            return imageNet(data, part, view).labels(imageNetClasses(data).toList()).format(format).build();
        }
    },

    /** ResNet-8 for CIFAR-10 of MLPerf Tiny. */
    RESNET8("mlperf_resnet8_cifar10.h5") {
        @Override
        ImageList examples(Path data, Part part, CNN2DFormat format) {
            return ImageFolder.of(set(data, "cifar10").resolve(part == Part.TEST ? "test" : "train"),
                            new ImageView.Builder("raw", 32).exact().build())
                    .labels(Cifar10Data.LABELS).limit(part == Part.TEST ? 2000 : 1000).format(format).build();
        }
    },

    /** MobileNetV1 of MLPerf Tiny, which tells whether there is a person in an image. */
    VWW("mlperf_vww_96.h5") {
        @Override
        ImageList examples(Path data, Part part, CNN2DFormat format) {
            Path labels = set(data, "coco").resolve("labels");
            return ImageFolder.of(set(data, "coco").resolve(part.folder),
                            new ImageView.Builder("stretched", 96).stretch(Resampling.BILINEAR).normalize(0, 255).build())
                    .labels(List.of("no person", "person")).classOf(image -> hasPerson(labels, image) ? "person" : "no person")
                    .format(format).build();
        }

        /** Whether the box of a person takes more than 0.5 % of an image. */
        private static boolean hasPerson(Path labels, Path image) {
            Path file = labels.resolve(image.getFileName().toString().replaceFirst("\\.[^.]*$", ".txt"));
            try {
                return Files.exists(file) && Files.readAllLines(file).stream().map(line -> line.strip().split("\\s+"))
                        .anyMatch(box -> box[0].equals("0") && Double.parseDouble(box[3]) * Double.parseDouble(box[4]) > 0.005);
            } catch (IOException e) {
                throw new UncheckedIOException("The file " + file + " cannot be read", e);
            } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
                throw new IllegalArgumentException(file + ": expected lines of a class and four numbers", e);
            }
        }
    },

    /** The separable convolutions of MLPerf Tiny that hear words. What they are calibrated on is taken from the words to evaluate on. */
    KWS("mlperf_kws_dscnn.h5") {
        private static final double ZERO = 83;
        private static final double STEP = 0.58470;

        @Override
        Optional<ImageList> calibration(Path data, CNN2DFormat format) {
            return Optional.empty();
        }

        @Override
        ImageList examples(Path data, Part part, CNN2DFormat format) throws IOException {
            Path folder = set(data, "kws");
            List<ImageArrays.Labelled> words = new ArrayList<>();
            try (Stream<Path> files = Files.list(folder)) {
                for (Path file : files.filter(f -> f.toString().endsWith(".bin")).sorted().toList()) {
                    words.add(new ImageArrays.Labelled(features(Files.readAllBytes(file)), label(file)));
                }
            }
            return ImageArrays.of(folder.toString(), words, WORDS, BATCH, 49, 10, 1);
        }

        private static float[] features(byte[] quantized) {
            float[] values = new float[quantized.length];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) ((quantized[i] - ZERO) * STEP);
            }
            return values;
        }

        /** The number that the name of a file ends with. */
        private static int label(Path file) throws IOException {
            String name = file.getFileName().toString();
            String index = name.substring(name.lastIndexOf('_') + 1, name.length() - ".bin".length());
            if (!index.matches("\\d{1,6}")) {
                throw new IOException(file + ": expected a name that ends with _ and the index of a class");
            }
            return Integer.parseInt(index);
        }
    },

    /** A residual network that hears sounds, judged by patches of a second. */
    ESC10("miniresnetv2_1_esc10.h5") {
        @Override
        ImageList examples(Path data, Part part, CNN2DFormat format) throws IOException {
            Path file = data.resolve("esc10-" + part.folder + ".npz");
            Npz npz = Npz.read(file);
            INDArray x = npz.get("x", -1, 64, 50, 1);
            int[] y = npz.has("y") ? npz.get("y", x.size(0)).castTo(DataType.INT).toIntVector() : new int[(int) x.size(0)];
            List<ImageArrays.Labelled> patches = IntStream.range(0, y.length)
                    .mapToObj(i -> new ImageArrays.Labelled(x.slice(i).dup('c').data().asFloat(), y[i])).toList();
            return ImageArrays.of(file.toString(), patches, SOUNDS, BATCH, 64, 50, 1);
        }
    };

    /** What examples are for. */
    enum Part {
        CALIBRATION("calibration"), TEST("evaluation");

        private final String folder;

        Part(String folder) {
            this.folder = folder;
        }
    }

    private static final int BATCH = 32;
    /** Of large images. */
    private static final int SMALL_BATCH = 8;
    private static final List<String> WORDS = List.of("down", "go", "left", "no", "off", "on", "right", "stop", "up", "yes", "silence", "unknown");
    private static final List<String> SOUNDS = IntStream.range(0, 10).mapToObj(i -> "sound " + i).toList();

    private final String file;

    PublishedClassifier(String file) {
        this.file = file;
    }

    final Network network(Path data) throws IOException {
        return SavedModel.read(data.resolve("models").resolve(file));
    }

    /** Its examples, in the layout of its images. */
    abstract ImageList examples(Path data, Part part, CNN2DFormat format) throws IOException;

    /** Examples to calibrate on; empty where they are to be taken from the others. */
    Optional<ImageList> calibration(Path data, CNN2DFormat format) throws IOException {
        return Optional.of(examples(data, Part.CALIBRATION, format));
    }

    private static ImageView.Builder cropped(int size) {
        return new ImageView.Builder("cropped", size).cropThenResize(0.875, Resampling.BICUBIC);
    }

    private static ImageFolder.Builder imageNet(Path data, Part part, ImageView view) {
        return ImageFolder.of(set(data, "imagenet").resolve(part.folder), view).batchSize(SMALL_BATCH);
    }

    private static Stream<String> imageNetClasses(Path data) {
        return ImageNet.labels(set(data, "imagenet").resolve("labels.tsv")).stream().map(ImageNet.Label::wnid);
    }

    /** A folder in the data folder, or beside it. */
    private static Path set(Path data, String name) {
        Path inside = data.toAbsolutePath().normalize().resolve(name);
        return Files.exists(inside) ? inside : data.toAbsolutePath().normalize().resolveSibling(name);
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
