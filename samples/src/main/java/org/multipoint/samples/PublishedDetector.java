package org.multipoint.samples;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.multipoint.datasets.Box;
import org.multipoint.datasets.BoxFormat;
import org.multipoint.datasets.DetectionFolder;
import org.multipoint.datasets.DetectionFolder.Others;
import org.multipoint.datasets.ImageView;
import org.multipoint.datasets.Resampling;
import org.multipoint.detection.Anchor;
import org.multipoint.detection.SsdHead;
import org.multipoint.detection.SsdHead.Scores;
import org.multipoint.detection.Yolo2Head;
import org.multipoint.detection.Yolo3Head;
import org.multipoint.samples.models.YoloOutput;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Detectors that others have published, with images to judge them by. What each expects is in {@code docs/DATA.md}. */
enum PublishedDetector {

    /** MobileNetV2 and two heads of YOLOv3, on images of COCO with the classes of PASCAL VOC. */
    NANO_VOC("nano-voc.h5", "coco", new ImageView.Builder("stretched", 320).stretch(Resampling.BILINEAR).normalize(0, 255).build()) {
        @Override
        Detector detector() {
            Yolo3Head head = new Yolo3Head(List.of(scale(1.1, 189, 126, 137, 236, 265, 259), scale(1.05, 26, 48, 67, 84, 72, 175)),
                    VOC.size(), CNN2DFormat.NHWC, 0.005);
            return new Detector(view, head, 0.45, UnaryOperator.identity(), VOC);
        }

        private Yolo3Head.Scale scale(double scaleXy, double... pixels) {
            return new Yolo3Head.Scale(IntStream.range(0, pixels.length / 2)
                    .mapToObj(i -> new Anchor(pixels[2 * i] / view.size(), pixels[2 * i + 1] / view.size())).toList(), scaleXy);
        }

        @Override
        DetectionFolder.Builder test(Path data) {
            return images(data, "evaluation").labels(data.resolve("coco").resolve("labels"), BoxFormat.YOLO, VOC_IN_COCO, Others.LEFT_OUT);
        }
    },

    /** Tiny YOLOv2 with a Yolo2OutputLayer, on the images whose faces wear no masks. */
    TINY_FACE("tiny_face_detector_416.h5", "faces", new ImageView.Builder("padded", 416).padThenResize(Resampling.BILINEAR, 0)
            .normalize(new double[]{117.001, 114.697, 97.404}, new double[]{256, 256, 256}).build()) {
        @Override
        Network network(Path data) throws IOException {
            return new Network(YoloOutput.append((ComputationGraph) super.network(data).model(), CELLS));
        }

        @Override
        Detector detector() {
            // Its boxes are wider and begin lower than those of the labels.
            UnaryOperator<Box> correction = box -> Box.centered(box.centerX() + 0.017 * box.width(), box.centerY() - 0.066 * box.height(),
                    0.644 * box.width(), 0.872 * box.height());
            return new Detector(view, new Yolo2Head(CELLS.length, 1, CNN2DFormat.NHWC, 0.05), 0.4, correction, List.of("face"));
        }

        @Override
        DetectionFolder.Builder test(Path data) {
            return faces(data, List.of("without_mask"), Others.IMAGE_LEFT_OUT);
        }
    },

    /** SSD with five scales, on all images of faces. */
    FACE_MASK("aizoo_face_mask_ssd_heads.h5", "faces",
            new ImageView.Builder("stretched", 260).stretch(Resampling.BILINEAR).normalize(0, 255).build()) {
        @Override
        Detector detector() {
            List<List<Anchor>> scales = Stream.of(List.of(0.04, 0.056), List.of(0.08, 0.11), List.of(0.16, 0.22), List.of(0.32, 0.45),
                    List.of(0.64, 0.72)).map(sizes -> SsdHead.anchors(sizes, List.of(1.0, 0.62, 0.42))).toList();
            return new Detector(view, new SsdHead(scales, MASKS.size(), Scores.SIGMOID, 0.1, 0.2, CNN2DFormat.NHWC, 0.02), 0.4,
                    UnaryOperator.identity(), MASKS);
        }

        @Override
        DetectionFolder.Builder test(Path data) {
            return faces(data, MASKS, Others.REFUSED);
        }
    };

    private static final List<String> VOC = List.of("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
            "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor");
    /** Indices of these classes among COCO's 80. */
    private static final List<String> VOC_IN_COCO = Stream.of(4, 1, 14, 8, 39, 5, 2, 15, 56, 19, 60, 16, 17, 3, 0, 58, 18, 57, 6, 62)
            .map(String::valueOf).toList();
    private static final List<String> MASKS = List.of("with_mask", "without_mask");
    private static final double[][] CELLS = {{1.603231, 2.094468}, {6.041143, 7.080126}, {2.882459, 3.518061}, {4.266906, 5.178857},
            {9.041765, 10.66308}};

    final ImageView view;
    private final String file;
    private final String set;

    PublishedDetector(String file, String set, ImageView view) {
        this.file = file;
        this.set = set;
        this.view = view;
    }

    abstract Detector detector();

    /** Images to evaluate on. */
    abstract DetectionFolder.Builder test(Path data);

    Network network(Path data) throws IOException {
        return SavedModel.read(data.resolve("models").resolve(file));
    }

    /** Images to calibrate on. */
    DetectionFolder.Builder calibration(Path data) {
        return images(data, "calibration");
    }

    final DetectionFolder.Builder images(Path data, String part) {
        return DetectionFolder.of(data.resolve(set).resolve(part), view);
    }

    final DetectionFolder.Builder faces(Path data, List<String> classes, Others others) {
        return images(data, "evaluation").labels(data.resolve(set).resolve("evaluation"), BoxFormat.VOC, classes, others);
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
