package org.multipoint.samples;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.multipoint.datasets.ImageFolder;
import org.multipoint.datasets.ImageNet;
import org.multipoint.datasets.ImageView;
import org.multipoint.linear.LinearOp;
import org.multipoint.walk.GraphWalk;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.nio.file.Path;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.function.IntFunction;

/** Real ImageNet networks on a subset of ImageNet's images. */
@Command(name = "imagenet", description = "Quantizes an ImageNet network, 4 bits unless told otherwise, and evaluates it on a folder of images "
        + "(a folder for each WordNet id, labels.tsv in it or above).")
final class ImagenetCommand implements Callable<Integer> {

    private static final int BATCH = 8;
    private static final int USUAL_SIZE = 224;

    /** How a network wants its images. */
    private enum View {
        EFFICIENTNET_LITE(ImageView::efficientNetLite),
        KERAS(ImageView::keras),
        CAFFE(ImageView::caffe),
        TORCHVISION(ImageView::torchvision);

        private final IntFunction<ImageView> ofSize;

        View(IntFunction<ImageView> ofSize) {
            this.ofSize = ofSize;
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    @Spec
    private CommandSpec command;

    @Option(names = "--model", required = true, paramLabel = "FILE.h5|FILE.zip", description = "A model of Keras 2 or of Deeplearning4j.")
    private Path model;

    @Option(names = "--images", required = true, paramLabel = "DIR", description = "Images to evaluate on.")
    private Path images;

    @Option(names = "--calibration", paramLabel = "DIR", description = "Images to calibrate on; those to evaluate on where not given.")
    private Path calibrationImages;

    @Option(names = "--view", defaultValue = "efficientnet-lite", paramLabel = "VIEW",
            description = "How images are cropped, resized and scaled: ${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}.")
    private View view;

    @Option(names = "--size", paramLabel = "PIXELS", description = "Height and width of the network's input; else as the model says, or 224.")
    private Integer size;

    @Option(names = "--dl4j", description = "Evaluates fp32 by Deeplearning4j's own layers, which takes many times longer.")
    private boolean byDeeplearning4j;

    @Mixin
    private QuantizationOptions quantization;

    @Mixin
    private RunOptions run;

    @Override
    public Integer call() throws Exception {
        Notebook notebook = new Notebook(command.commandLine().getOut());

        notebook.step("A trained network");
        ComputationGraph network = SavedModel.read(model);
        LinearOp first = new GraphWalk(network).linear().values().stream().findFirst()
                .orElseThrow(() -> new IllegalArgumentException(model + " has no convolution or dense layer")).stages().get(0).op();
        CNN2DFormat format = first.channelsLast() ? CNN2DFormat.NHWC : CNN2DFormat.NCHW;
        notebook.say("%s: %,d parameters, images in %s", model, network.numParams(), format);

        notebook.step("Images");
        ImageView shown = view.ofSize.apply(size != null ? size : SavedModel.imageSize(model).orElse(USUAL_SIZE));
        try (ImageFolder calibration = folder(calibrationImages != null ? calibrationImages : images, shown, format, OptionalInt.empty());
             ImageFolder test = folder(images, shown, format, run.test())) {
            notebook.say("as %s", shown);
            new Comparison(notebook, model.getFileName().toString(), network, calibration, test)
                    .show(quantization, quantization.bits(4), run, byDeeplearning4j);
            test.skipped().forEach((file, why) -> notebook.say("not read: %s (%s)", file, why));
        }
        return 0;
    }

    private static ImageFolder folder(Path root, ImageView view, CNN2DFormat format, OptionalInt limit) {
        ImageFolder.Builder builder = ImageNet.subset(root, view).format(format).batchSize(BATCH);
        limit.ifPresent(builder::limit);
        return builder.build();
    }
}
