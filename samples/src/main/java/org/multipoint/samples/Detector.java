package org.multipoint.samples;

import org.multipoint.datasets.Box;
import org.multipoint.datasets.ImageView;
import org.multipoint.detection.Detection;
import org.multipoint.detection.DetectionHead;
import org.multipoint.detection.Suppression;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.util.List;
import java.util.function.UnaryOperator;

/**
 * What turns images and the outputs of a network into objects.
 *
 * @param view       what the network sees of an image
 * @param head       the meaning of its outputs
 * @param overlap    of detections of a class, above which one is suppressed
 * @param correction of boxes
 * @param classes    names of the classes
 */
record Detector(ImageView view, DetectionHead head, double overlap, UnaryOperator<Box> correction, List<String> classes) {

    /** What a network finds in each image of a batch. */
    List<List<Detection>> detect(Network network, INDArray features) {
        INDArray[] outputs = network.outputs(features);
        try {
            return head.decode(outputs).stream().map(found -> Suppression.suppress(found, overlap).stream()
                    .map(d -> new Detection(correction.apply(d.box()), d.label(), d.score())).toList()).toList();
        } finally {
            Network.close(outputs);
        }
    }
}
