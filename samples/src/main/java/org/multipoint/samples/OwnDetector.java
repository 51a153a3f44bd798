package org.multipoint.samples;

import org.deeplearning4j.nn.conf.layers.objdetect.Yolo2OutputLayer;
import org.multipoint.datasets.BoxFormat;
import org.multipoint.datasets.DetectionFolder;
import org.multipoint.datasets.DetectionFolder.Others;
import org.multipoint.detection.Anchor;
import org.multipoint.detection.DetectionHead;
import org.multipoint.detection.SsdHead;
import org.multipoint.detection.Yolo2Head;
import org.multipoint.detection.Yolo3Head;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The options for a detector from a file. */
final class OwnDetector implements DetectionSubject {

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    private List<List<double[]>> anchors = List.of();

    @Option(names = "--model", required = true, paramLabel = "FILE.h5|FILE.zip",
            description = "A model of Keras 2, or one of Deeplearning4j of either kind, plain or made by --out.")
    private Path model;

    @Option(names = "--head", required = true, paramLabel = "HEAD", description = "What its outputs mean: ${COMPLETION-CANDIDATES}. yolo2 is "
            + "Deeplearning4j's Yolo2OutputLayer.")
    private Head head;

    @ArgGroup(exclusive = false)
    private ViewOptions view = new ViewOptions();

    @Option(names = "--images", required = true, paramLabel = "DIR", description = "Images to evaluate on.")
    private Path images;

    @Option(names = "--labels", required = true, paramLabel = "DIR", description = "A file for each image that tells its objects.")
    private Path labels;

    @Option(names = "--format", required = true, paramLabel = "FORMAT", description = "Of these files: ${COMPLETION-CANDIDATES}.")
    private BoxFormat format;

    @Option(names = "--classes", required = true, split = ",", paramLabel = "NAMES",
            description = "The classes in the order of the outputs, as the labels have them: names in VOC's format, indices in YOLO's.")
    private List<String> classes;

    @Option(names = "--ignore-others", description = "Leaves out objects of other classes, which are an error otherwise.")
    private boolean ignoresOthers;

    @Option(names = "--calibration", paramLabel = "DIR", description = "Images to calibrate on; where not given, a third of the others, "
            + "256 at most, which are then not evaluated on.")
    private Path calibration;

    @Option(names = "--scale-xy", split = ",", paramLabel = "SCALES", description = "Of yolo3: scale_x_y of each output; default 1.")
    private List<Double> scaleXy = List.of();

    @Option(names = "--ratios", split = ",", defaultValue = "1", paramLabel = "RATIOS",
            description = "Of ssd: width / height of the anchors. All sizes have the first ratio, the first size has all ratios; default 1.")
    private List<Double> ratios;

    @Option(names = "--scores", defaultValue = "softmax", paramLabel = "SCORES", description = "Of ssd: ${COMPLETION-CANDIDATES}; softmax has the "
            + "background first; default ${DEFAULT-VALUE}.")
    private SsdHead.Scores scores;

    @Option(names = "--score", defaultValue = "0.005", paramLabel = "SCORE", description = "Least score of a detection; default ${DEFAULT-VALUE}.")
    private double score;

    @Option(names = "--overlap", defaultValue = "0.45", paramLabel = "IOU",
            description = "Intersection over union with a better detection, above which one is suppressed; default ${DEFAULT-VALUE}.")
    private double overlap;

    /** The meaning of outputs. */
    private enum Head {
        YOLO2, YOLO3, SSD;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Option(names = "--anchors", paramLabel = "ANCHORS", description = "Of each output, with / between them. Of yolo3: pixels, as in "
            + "116x90,156x198/30x61,62x45. Of ssd: sizes in shares of the input, as in 0.1,0.15/0.2,0.3.")
    void setAnchors(String text) {
        List<List<double[]>> all = new ArrayList<>();
        try {
            for (String output : text.split("/")) {
                all.add(Stream.of(output.split(",")).map(anchor -> Stream.of(anchor.split("x")).mapToDouble(Double::parseDouble).toArray())
                        .toList());
            }
        } catch (NumberFormatException e) {
            all.clear();
        }
        anchors = Arguments.checked(command, "--anchors", all, !all.isEmpty(), "numbers with x, comma and / between them").stream()
                .map(List::copyOf).toList();
    }

    @Override
    public String name() {
        return model.getFileName().toString();
    }

    @Override
    public Network network() throws IOException {
        return SavedModel.read(model);
    }

    @Override
    public Detector detector(Network network) throws IOException {
        int side = view.size(network, model).orElseThrow(() -> new IllegalArgumentException(model
                + " does not tell the size of its images: give --size"));
        return new Detector(view.view(View.LETTERBOX, side), head(network, side), overlap, UnaryOperator.identity(), classes);
    }

    private DetectionHead head(Network network, int side) {
        if (head == Head.YOLO2) {
            Yolo2OutputLayer layer = network.layer(Yolo2OutputLayer.class).orElseThrow(() -> new IllegalArgumentException(model
                    + " has no Yolo2OutputLayer, which --head yolo2 needs"));
            return new Yolo2Head((int) layer.getBoundingBoxes().size(0), classes.size(), layer.getFormat(), score);
        }
        int values = head == Head.YOLO3 ? 2 : 1;
        if (anchors.isEmpty() || anchors.stream().flatMap(List::stream).anyMatch(a -> a.length != values)) {
            throw new IllegalArgumentException("--head " + head + " needs --anchors with " + values + " numbers for each");
        }
        return head == Head.YOLO3 ? new Yolo3Head(IntStream.range(0, anchors.size()).mapToObj(i -> new Yolo3Head.Scale(
                anchors.get(i).stream().map(a -> new Anchor(a[0] / side, a[1] / side)).toList(), i < scaleXy.size() ? scaleXy.get(i) : 1))
                .toList(), classes.size(), network.format(), score)
                : new SsdHead(anchors.stream().map(a -> SsdHead.anchors(a.stream().map(s -> s[0]).toList(), ratios)).toList(), classes.size(),
                        scores, 0.1, 0.2, network.format(), score);
    }

    @Override
    public DetectionFolder.Builder test(Detector detector) {
        return DetectionFolder.of(images, detector.view()).labels(labels, format, classes, ignoresOthers ? Others.LEFT_OUT : Others.REFUSED);
    }

    @Override
    public Optional<DetectionFolder.Builder> calibration(Detector detector) {
        return Optional.ofNullable(calibration).map(folder -> DetectionFolder.of(folder, detector.view()));
    }
}
