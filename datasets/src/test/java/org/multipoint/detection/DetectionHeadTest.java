package org.multipoint.detection;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.layers.objdetect.DetectedObject;
import org.deeplearning4j.nn.layers.objdetect.YoloUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.multipoint.datasets.Box;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class DetectionHeadTest {

    private static final double TOLERANCE = 1e-6;

    /** Boxes and confidences are those of Deeplearning4j, on a grid that is no square and for several images. */
    @ParameterizedTest
    @EnumSource(CNN2DFormat.class)
    void yolo2(CNN2DFormat format) {
        INDArray priors = Nd4j.create(new double[][]{{1, 2}, {3.5, 1.5}});
        INDArray nchw = YoloUtils.activate(priors, Nd4j.randn(Nd4j.getRandomFactory().getNewRandomInstance(1), 2, 2 * (5 + 3), 3, 4));
        List<DetectedObject> expected = YoloUtils.getPredictedObjects(priors, nchw, 0, 0);
        List<List<Detection>> found = new Yolo2Head(2, 3, format, 0).decode(in(nchw, format));
        assertEquals(2, found.size());
        assertEquals(3 * 4 * 2 * 3, found.get(0).size());
        for (DetectedObject object : expected) {
            Box box = Box.centered(object.getCenterX() / 4, object.getCenterY() / 3, object.getWidth() / 4, object.getHeight() / 3);
            List<Detection> same = found.get(object.getExampleNumber()).stream().filter(d -> near(box, d.box())).toList();
            assertEquals(List.of(0, 1, 2), same.stream().map(Detection::label).toList(), object::toString);
            assertEquals(object.getConfidence(), same.stream().mapToDouble(Detection::score).sum(), TOLERANCE);
        }
        // Second image, second anchor, row 2, column 3: the last three detections.
        for (int label = 0; label < 3; label++) {
            Detection detection = found.get(1).get(3 * 4 * 2 * 3 - 3 + label);
            assertEquals(nchw.getDouble(1, 8 + 4, 2, 3) * nchw.getDouble(1, 8 + 5 + label, 2, 3), detection.score(), TOLERANCE);
        }
    }

    private static INDArray in(INDArray nchw, CNN2DFormat format) {
        return format == CNN2DFormat.NCHW ? nchw : nchw.permute(0, 2, 3, 1);
    }

    private static boolean near(Box a, Box b) {
        return Math.abs(a.left() - b.left()) < TOLERANCE && Math.abs(a.top() - b.top()) < TOLERANCE
                && Math.abs(a.right() - b.right()) < TOLERANCE && Math.abs(a.bottom() - b.bottom()) < TOLERANCE;
    }

    @ParameterizedTest
    @EnumSource(CNN2DFormat.class)
    void yolo3(CNN2DFormat format) {
        // One anchor, two classes, 2x3 cells; all scores are negligible but in row 1, column 2.
        INDArray output = Nd4j.valueArrayOf(new long[]{1, 7, 2, 3}, -20f);
        double[] values = {0.4, -0.3, Math.log(2), Math.log(0.5), 1, 2, -1};
        for (int i = 0; i < values.length; i++) {
            output.putScalar(new int[]{0, i, 1, 2}, values[i]);
        }
        Yolo3Head head = new Yolo3Head(List.of(new Yolo3Head.Scale(List.of(new Anchor(0.3, 0.4)), 1.1)), 2, format, 0.1);
        List<Detection> found = head.decode(in(output, format)).get(0);
        assertEquals(2, found.size());
        Detection first = found.get(0);
        assertEquals(0, first.label());
        assertEquals(sigmoid(1) * sigmoid(2), first.score(), TOLERANCE);
        assertEquals(sigmoid(1) * sigmoid(-1), found.get(1).score(), TOLERANCE);
        Box expected = Box.centered((2 + sigmoid(0.4) * 1.1 - 0.05) / 3, (1 + sigmoid(-0.3) * 1.1 - 0.05) / 2, 0.6, 0.2);
        assertTrue(near(expected, first.box()), () -> expected + " " + first);
    }

    @ParameterizedTest
    @EnumSource(CNN2DFormat.class)
    void ssd(CNN2DFormat format) {
        List<Anchor> anchors = SsdHead.anchors(List.of(0.2, 0.3), List.of(1.0, 0.25));
        assertEquals(List.of(new Anchor(0.2, 0.2), new Anchor(0.3, 0.3), new Anchor(0.1, 0.4)), anchors);
        INDArray classes = Nd4j.valueArrayOf(new long[]{1, 3 * 2, 2, 3}, -20f);
        INDArray boxes = Nd4j.zeros(1, 3 * 4, 2, 3);
        classes.putScalar(new int[]{0, 2 * 2 + 1, 0, 1}, 0.5);
        double[] offsets = {1, -2, 0.5, -0.5};
        for (int i = 0; i < offsets.length; i++) {
            boxes.putScalar(new int[]{0, 2 * 4 + i, 0, 1}, offsets[i]);
        }
        SsdHead head = new SsdHead(List.of(anchors), 2, SsdHead.Scores.SIGMOID, 0.1, 0.2, format, 0.1);
        List<Detection> found = head.decode(in(classes, format), in(boxes, format)).get(0);
        assertEquals(1, found.size());
        assertEquals(1, found.get(0).label());
        assertEquals(sigmoid(0.5), found.get(0).score(), TOLERANCE);
        Box expected = Box.centered(0.5 + 0.1 * 0.1, 0.25 - 0.2 * 0.4, 0.1 * Math.exp(0.1), 0.4 * Math.exp(-0.1));
        assertTrue(near(expected, found.get(0).box()), () -> expected + " " + found.get(0));
    }

    @Test
    void ssdWithBackground() {
        INDArray classes = Nd4j.createFromArray(1f, 3f, 2f).reshape(1, 3, 1, 1);
        SsdHead head = new SsdHead(List.of(List.of(new Anchor(1, 1))), 2, SsdHead.Scores.SOFTMAX, 0.1, 0.2, CNN2DFormat.NCHW, 0.01);
        List<Detection> found = head.decode(classes, Nd4j.zeros(1, 4, 1, 1)).get(0);
        double sum = Math.exp(1) + Math.exp(3) + Math.exp(2);
        assertEquals(List.of(0, 1), found.stream().map(Detection::label).toList());
        assertEquals(Math.exp(3) / sum, found.get(0).score(), TOLERANCE);
        assertEquals(Math.exp(2) / sum, found.get(1).score(), TOLERANCE);
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    @Test
    void outputsOfAnotherNetworkAreRefused() {
        INDArray output = Nd4j.zeros(1, 7, 2, 3);
        Yolo3Head yolo3 = new Yolo3Head(List.of(new Yolo3Head.Scale(List.of(new Anchor(1, 1)), 1)), 2, CNN2DFormat.NHWC, 0.1);
        assertComplaint("Output 0 has 3 channels for each cell, expected 7", () -> yolo3.decode(output));
        assertComplaint("2 outputs, expected 1", () -> yolo3.decode(output, output));
        assertComplaint("[1, 7]", () -> yolo3.decode(Nd4j.zeros(1, 7)));
        SsdHead ssd = new SsdHead(List.of(List.of(new Anchor(1, 1))), 7, SsdHead.Scores.SIGMOID, 0.1, 0.2, CNN2DFormat.NCHW, 0.1);
        assertComplaint("Output 0 has 2x3 cells, output 1 1x3", () -> ssd.decode(output, Nd4j.zeros(1, 4, 1, 3)));
        assertComplaint("1 outputs, expected 2", () -> ssd.decode(output));
        assertComplaint("The output has 7 channels for each cell, expected 14",
                () -> new Yolo2Head(2, 2, CNN2DFormat.NCHW, 0.1).decode(output));
        assertThrows(IllegalArgumentException.class, () -> new Anchor(0, 1));
    }

    private static void assertComplaint(String complaint, Executable decode) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, decode);
        assertTrue(e.getMessage().contains(complaint), e.getMessage());
    }
}
