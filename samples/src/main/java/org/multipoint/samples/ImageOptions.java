package org.multipoint.samples;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.multipoint.datasets.DetectionFolder;
import org.multipoint.datasets.ImageFiles;
import org.multipoint.datasets.ImageFolder;
import org.multipoint.datasets.ImageView;
import org.multipoint.datasets.RgbImage;
import org.multipoint.samples.Network.Inputs;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.DataSetPreProcessor;
import org.nd4j.linalg.dataset.api.preprocessor.DataNormalization;
import org.nd4j.linalg.factory.Nd4j;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;

/** The options for images of a network from a file, and for the names of their classes. */
final class ImageOptions {

    /** Channels of the images that are read. */
    private static final int RGB = 3;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Mixin
    private ViewOptions view;

    @Option(names = "--labels", paramLabel = "FILE.txt", description = "Names of the network's classes in the order of its outputs, one a line, "
            + "or lines of index, id and name with tabs between them where folders are called by ids; else the sorted names of the folders.")
    private Path labels;

    /**
     * What a network sees of an image.
     *
     * @param file that it was read from
     * @throws IllegalArgumentException where it does not take images, or their size is not known
     */
    ImageView view(Network network, Path file) throws IOException {
        Inputs inputs = network.inputs().orElseThrow(() -> new IllegalArgumentException(file + " takes neither images nor vectors"));
        if (!inputs.images() || inputs.values() != 1 && inputs.values() != RGB) {
            throw new IllegalArgumentException(file + " takes " + inputs + ", expected a network for images of 1 or 3 channels");
        }
        OptionalInt size = view.size(network, file);
        return view.view(View.STRETCH, size.orElseThrow(() -> new IllegalArgumentException(file
                + " does not tell the size of its images: give --size PIXELS")), normalizer(file).isPresent() ? 1 : 255);
    }

    /** The normalizer of a model's file, where pixels are not scaled otherwise. */
    private Optional<DataNormalization> normalizer(Path file) throws IOException {
        return view.scalesPixels() ? Optional.empty() : SavedModel.normalizer(file);
    }

    /** What is done to inputs after they have been read. */
    private DataSetPreProcessor preProcessor(Network network, Path file) throws IOException {
        Optional<GrayScale> gray = network.inputs().filter(inputs -> inputs.values() == 1).map(inputs -> new GrayScale(network.format()));
        Optional<DataNormalization> normalizer = normalizer(file);
        return batch -> {
            gray.ifPresent(g -> g.preProcess(batch));
            normalizer.ifPresent(n -> n.preProcess(batch));
        };
    }

    /**
     * The images of a folder.
     *
     * @param most    images, spread evenly
     * @param classes of the network, where there is a folder for each; otherwise empty
     */
    ImageFiles images(Path folder, Network network, Path file, OptionalInt most, Optional<ClassNames> classes) throws IOException {
        ImageView seen = view(network, file);
        ImageFiles images = classes.isEmpty() && folders(folder).isEmpty()
                ? limited(DetectionFolder.of(folder, seen), most).format(network.format()).build()
                : limited(classes.isEmpty() ? ImageFolder.of(folder, seen) : ImageFolder.of(folder, seen).labels(classes.get().ids()), most)
                        .format(network.format()).build();
        images.setPreProcessor(preProcessor(network, file));
        return images;
    }

    private static <B extends ImageFiles.Builder<B>> B limited(B images, OptionalInt most) {
        return most.isPresent() ? images.limit(most.getAsInt()) : images;
    }

    /** Image files as one batch of inputs. */
    INDArray read(List<Path> files, Network network, Path file) throws IOException {
        ImageView seen = view(network, file);
        CNN2DFormat format = network.format();
        float[][] values = new float[files.size()][];
        for (int i = 0; i < values.length; i++) {
            values[i] = seen.apply(RgbImage.read(files.get(i)), format);
        }
        long[] shape = format == CNN2DFormat.NCHW ? new long[]{values.length, RGB, seen.size(), seen.size()}
                : new long[]{values.length, seen.size(), seen.size(), RGB};
        DataSet batch = new DataSet(Nd4j.createFromArray(values).reshape(shape), null);
        preProcessor(network, file).preProcess(batch);
        return batch.getFeatures();
    }

    /**
     * The classes of a network by a folder of images.
     *
     * @throws IllegalArgumentException where neither the folders nor {@code --labels} name as many as the network has
     */
    ClassNames classes(Path folder, Network network, Path file) throws IOException {
        List<String> folders = folders(folder);
        int count = network.classes().orElse(folders.size());
        if (labels != null) {
            ClassNames named = ClassNames.read(labels);
            if (named.count() != count) {
                throw new IllegalArgumentException(labels + " names " + named.count() + " classes, " + file + " has " + count);
            }
            return named;
        }
        if (folders.isEmpty()) {
            throw new IllegalArgumentException("The image folder " + folder + " has no folders: expected one for each class");
        }
        if (folders.size() != count) {
            throw new IllegalArgumentException("The image folder " + folder + " has " + folders.size() + " folders, " + file + " has " + count
                    + " classes: give --labels FILE.txt with the names of all classes in the order of the outputs");
        }
        return new ClassNames(folders, folders);
    }

    /** The names of a network's classes where there is no folder to tell them. */
    ClassNames classes(Network network) throws IOException {
        return labels == null ? ClassNames.indices(network.classes().orElse(0)) : ClassNames.read(labels);
    }

    /** Whether a folder tells the classes of a network's images. */
    boolean tellsClasses(Path folder, Network network) throws IOException {
        List<String> folders = folders(folder);
        return !folders.isEmpty() && (labels != null || network.classes().isPresent() && network.classes().getAsInt() == folders.size());
    }

    private static List<String> folders(Path folder) throws IOException {
        if (Files.exists(folder) && !Files.isDirectory(folder)) {
            throw new NotDirectoryException(folder.toString());
        }
        try (Stream<Path> inside = Files.list(folder)) {
            return inside.filter(Files::isDirectory).map(path -> path.getFileName().toString()).filter(name -> !name.startsWith(".")).sorted()
                    .toList();
        }
    }

    /** These options as they were given, for another command line. */
    String asGiven() {
        return Arguments.asGiven(command, "--view", "--size", "--mean", "--deviation", "--bgr", "--labels");
    }
}
