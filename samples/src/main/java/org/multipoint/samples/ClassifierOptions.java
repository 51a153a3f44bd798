package org.multipoint.samples;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.multipoint.datasets.ImageFolder;
import org.multipoint.datasets.ImageView;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/** The options that locate a classifier in fp32 and its images: for CIFAR-10, or for ImageNet. */
final class ClassifierOptions {

    private static final int CALIBRATION_IMAGES = 512;
    private static final int TEST_IMAGES = 10_000;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @ArgGroup
    private Source source = new Source();

    @Option(names = "--model", defaultValue = "resnet20", paramLabel = "NAME|FILE", description = "With --data as for the command cifar10, with "
            + "--images a file of Deeplearning4j (.zip) or Keras 2 (.h5); default ${DEFAULT-VALUE}.")
    private String model;

    @Option(names = "--calibration-images", paramLabel = "DIR", description = "With --images, those to calibrate on; where not given, a third of "
            + "the others, 256 at most, which are then not evaluated on.")
    private Path calibrationImages;

    @Mixin
    private ViewOptions view;

    @Mixin
    private CalibrationCount calibrationCount;

    private int testImages;

    private static final class Source {
        @Option(names = "--data", required = true, paramLabel = "DIR", description = "Folder of CIFAR-10, as for the command cifar10.")
        private Path cifar10;

        @Option(names = "--images", required = true, paramLabel = "DIR",
                description = "Images of ImageNet to evaluate on, as for the command imagenet.")
        private Path imageNet;
    }

    @Option(names = "--test", defaultValue = "" + TEST_IMAGES, paramLabel = "N",
            description = "Images to evaluate on at most; default ${DEFAULT-VALUE}.")
    void setTest(int images) {
        testImages = Arguments.positive(command, "--test", images);
    }

    /** Whether images are told of. */
    boolean areGiven() {
        return source.cifar10 != null || source.imageNet != null;
    }

    /** The network and images for CIFAR-10, where it is for that. */
    Optional<Cifar10Data> cifar10() {
        return Optional.ofNullable(source.cifar10).map(data -> new Cifar10Data(data, model));
    }

    /** Name of the network. */
    String name() {
        return cifar10().map(Cifar10Data::name).orElseGet(() -> Path.of(model).getFileName().toString().replaceFirst("\\.[a-z0-9]+$", ""));
    }

    /** Reads the network. */
    Network network() throws IOException {
        return source.cifar10 != null ? cifar10().orElseThrow().network() : SavedModel.read(Path.of(model));
    }

    int calibrationImages() {
        return calibrationCount.or(CALIBRATION_IMAGES);
    }

    int testImages() {
        return testImages;
    }

    /** Images to calibrate and to evaluate a network on. */
    ImageSets images(Network network) throws IOException {
        CNN2DFormat format = network.format();
        if (source.cifar10 != null) {
            Cifar10Data data = cifar10().orElseThrow();
            return new ImageSets(data.images("train", format, calibrationImages()), null, data.images("test", format, testImages));
        }
        ImageView shown = view.view(View.EFFICIENTNET_LITE, view.size(network, Path.of(model)).orElse(ImagenetCommand.USUAL_SIZE));
        ImageFolder images = ImagenetCommand.folder(source.imageNet, shown, format,
                calibrationImages == null ? OptionalInt.empty() : OptionalInt.of(testImages));
        return calibrationImages == null ? ImageSets.of(images, OptionalInt.of(testImages), Optional.empty(), false)
                : ImageSets.of(ImagenetCommand.folder(calibrationImages, shown, format, OptionalInt.of(calibrationImages())), images,
                        Optional.empty(), false);
    }
}
