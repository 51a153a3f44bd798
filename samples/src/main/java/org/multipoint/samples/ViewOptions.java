package org.multipoint.samples;

import org.multipoint.datasets.ImageView;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;

/** The options that say how images become the inputs of a network. */
final class ViewOptions {

    /** What pixels are divided by where nothing else is said. */
    private static final double LARGEST = 255;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(names = "--view", paramLabel = "VIEW", description = "How images become squares: stretch (as ImageRecordReader and Keras do), crop, "
            + "letterbox or pad, with pixels scaled by --mean and --deviation; or all that a published network expects: "
            + "cifar10, efficientnet-lite, keras, caffe, torchvision. Default stretch; of imagenet and curve efficientnet-lite, of detect letterbox.")
    private View view;

    private Integer size;
    private double[] mean;
    private double[] deviation;

    @Option(names = "--bgr", description = "The network's channels are blue, green, red, as ImageRecordReader gives them.")
    private boolean bgr;

    @Option(names = "--size", paramLabel = "PIXELS",
            description = "Height and width of the network's input; else as the model says.")
    void setSize(int pixels) {
        size = Arguments.positive(command, "--size", pixels);
    }

    @Option(names = "--mean", split = ",", paramLabel = "VALUE", description = "Is subtracted from pixels of 0..255, one for all channels or "
            + "three; default 0.")
    void setMean(double[] values) {
        mean = ofChannels("--mean", values);
    }

    @Option(names = "--deviation", split = ",", paramLabel = "VALUE", description = "Pixels are divided by it, one for all channels or three; "
            + "default 255. Values of -1 to 1 are --mean 127.5 --deviation 127.5.")
    void setDeviation(double[] values) {
        deviation = ofChannels("--deviation", values);
        Arguments.checked(command, "--deviation", Arrays.toString(values), Arrays.stream(values).allMatch(d -> d > 0), "more than 0");
    }

    private double[] ofChannels(String option, double[] values) {
        Arguments.checked(command, option, Arrays.toString(values), values.length == 1 || values.length == 3, "one number, or three with commas");
        return values.length == 3 ? values : same(values[0]);
    }

    private static double[] same(double value) {
        return new double[]{value, value, value};
    }

    /**
     * Height and width of a network's input: as asked for, as the file says, or as the shapes of the layers demand; empty where none does.
     *
     * @throws IllegalArgumentException where the file asks for images that are no squares
     */
    OptionalInt size(Network network, Path file) throws IOException {
        if (size != null) {
            return OptionalInt.of(size);
        }
        Optional<Pixels> told = SavedModel.imageSize(file);
        return told.isPresent() ? OptionalInt.of(told.get().side(file)) : network.imageSize();
    }

    /** The view that is asked for, or else the usual one. */
    View chosen(View usual) {
        return view != null ? view : usual;
    }

    /** Whether pixels are scaled as these options say, rather than by a normalizer of the model's own. */
    boolean scalesPixels() {
        return mean != null || deviation != null || view != null && view.isPublished();
    }

    /**
     * What a network sees of an image.
     *
     * @param usual where nothing else is asked for
     * @param side  height and width of its input
     * @throws ParameterException where a published view does not go with other options
     */
    ImageView view(View usual, int side) {
        return view(usual, side, LARGEST);
    }

    /**
     * What a network sees of an image.
     *
     * @param usual          where nothing else is asked for
     * @param side           height and width of its input
     * @param usualDeviation what pixels are divided by where nothing else is asked for
     * @throws ParameterException where a published view does not go with other options
     */
    ImageView view(View usual, int side, double usualDeviation) {
        View chosen = chosen(usual);
        if (!chosen.isPublished()) {
            ImageView.Builder builder = chosen.geometry(side)
                    .normalize(mean != null ? mean : same(0), deviation != null ? deviation : same(usualDeviation));
            return (bgr ? builder.bgr() : builder).build();
        }
        if (bgr || mean != null || deviation != null) {
            throw new ParameterException(command.commandLine(), "--mean, --deviation and --bgr go with the views " + View.names(false)
                    + "; the view " + chosen + " scales pixels itself");
        }
        ImageView published = chosen.ofSize(side);
        if (published.size() != side) {
            throw new ParameterException(command.commandLine(), "The view " + chosen + " is for images of " + published.size() + "x"
                    + published.size() + " pixels, the network takes " + side + "x" + side);
        }
        return published;
    }
}
