package org.multipoint.samples;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.multipoint.datasets.ImageFolder;
import org.multipoint.datasets.ImageView;
import org.multipoint.samples.models.CifarResNet;
import picocli.CommandLine.Option;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The options that locate a ResNet for CIFAR-10 and its images. */
final class Cifar10Data {

    /** Names of the classes, by index. */
    static final List<String> LABELS = List.of("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship",
            "truck");
    private static final int BATCH = 32;

    @Option(names = "--data", required = true, paramLabel = "DIR",
            description = "Folder that holds cifar10/train, cifar10/test (a folder for each class) and models; or cifar10 itself.")
    private Path data;

    @Option(names = "--model", defaultValue = "resnet20", paramLabel = "NAME|FILE",
            description = "NAME for models/NAME-cifar10.npz in the data folder, as in resnet20 and resnet56, or a file: weights of such a "
                    + "network (.npz), or a model of Deeplearning4j (.zip) or Keras 2 (.h5); default ${DEFAULT-VALUE}.")
    private String model;

    /** For the command line. */
    Cifar10Data() {
    }

    /**
     * @param data  see {@code --data}
     * @param model see {@code --model}
     */
    Cifar10Data(Path data, String model) {
        this.data = data;
        this.model = model;
    }

    /** Name of the network. */
    String name() {
        return isFile() ? Path.of(model).getFileName().toString() : model;
    }

    private boolean isFile() {
        return model.matches(".*\\.(npz|zip|h5|keras)");
    }

    /** Reads the network. */
    Network network() throws IOException {
        Path file = isFile() ? Path.of(model) : data.resolve("models").resolve(model + "-cifar10.npz");
        if (!isFile() && !Files.exists(file)) {
            throw new IOException(file + ": there is no such file; the fetch command brings resnet20 and resnet56");
        }
        return file.toString().endsWith(".npz") ? new Network(CifarResNet.load(file)) : SavedModel.read(file);
    }

    /**
     * Images.
     *
     * @param part train or test
     */
    ImageFolder images(String part, CNN2DFormat format, int limit) {
        Path inside = data.resolve("cifar10");
        return ImageFolder.of((Files.isDirectory(inside) ? inside : data).resolve(part), ImageView.cifar10())
                .format(format).labels(LABELS).batchSize(BATCH).limit(limit).build();
    }
}
