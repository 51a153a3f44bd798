package org.multipoint.samples;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.multipoint.datasets.ImageFolder;
import org.multipoint.datasets.ImageNet;
import org.multipoint.datasets.ImageView;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;

/** Quantizes published ImageNet networks and evaluates them on a subset of ImageNet. */
@Command(name = "imagenet", description = "Quantizes an ImageNet network, 4 bits unless told otherwise, and evaluates it on a folder of images "
        + "(a folder for each WordNet id, labels.tsv in it or above). A model that is quantized or compiled already is evaluated.")
final class ImagenetCommand implements Callable<Integer> {

    private static final int WIDTH = 4;
    private static final int BATCH = 8;
    static final int USUAL_SIZE = 224;

    @Spec
    private CommandSpec command;

    @Option(names = "--model", required = true, paramLabel = "FILE.h5|FILE.zip", description = "A model of Keras 2, or one of Deeplearning4j of either kind, plain or made by --out.")
    private Path model;

    @Option(names = "--images", required = true, paramLabel = "DIR", description = "Images to evaluate on.")
    private Path images;

    @Option(names = "--calibration", paramLabel = "DIR", description = "Images to calibrate on; where not given, a third of the others, 256 at most, which are then not evaluated on.")
    private Path calibrationImages;

    @Option(names = "--dl4j", description = "Evaluates fp32 by Deeplearning4j's own layers, which takes many times longer.")
    private boolean byDeeplearning4j;

    @Mixin
    private ViewOptions view;

    @Mixin
    private ComparisonOptions comparison;

    @Override
    public Integer call() throws Exception {
        Notebook notebook = new Notebook(command.commandLine().getOut());

        notebook.step("A trained network");
        Network network = SavedModel.read(model);
        notebook.say("%s: %s; images in %s", model, network, network.format());

        notebook.step("Images");
        ImageView shown = view.view(View.EFFICIENTNET_LITE, view.size(network, model).orElse(USUAL_SIZE));
        notebook.say("as %s", shown);
        if (calibrationImages != null && Files.isSameFile(calibrationImages, images)) {
            notebook.say("Calibrated on the images that it is evaluated on: results will look better than they are.");
        }
        ImageSets sets = comparison.images(network, network.isPlain() && calibrationImages != null
                        ? Optional.of(folder(calibrationImages, shown, network.format(), OptionalInt.empty())) : Optional.empty(),
                most -> folder(images, shown, network.format(), most));
        comparison.compare(notebook, model.getFileName().toString(), network, sets, Evaluations.ofClasses(), byDeeplearning4j, WIDTH);
        if (network.isPlain()) {
            notebook.next("find out which layers matter", "sensitivity " + Arguments.quoted(model) + Arguments.asGiven(command, "--images")
                    + " --view " + view.chosen(View.EFFICIENTNET_LITE));
        } else {
            comparison.sayNext(notebook, network, WIDTH);
        }
        return 0;
    }

    static ImageFolder folder(Path root, ImageView view, CNN2DFormat format, OptionalInt limit) {
        ImageFolder.Builder builder = ImageNet.subset(root, view).format(format).batchSize(BATCH);
        limit.ifPresent(builder::limit);
        return builder.build();
    }
}
