package org.multipoint.detection;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Non-maximum suppression. */
public final class Suppression {

    private Suppression() {
    }

    /**
     * Keeps what does not overlap a detection of the same class with a larger score that is kept, from the largest score to the smallest.
     * Of equal scores the first one comes first.
     *
     * @param detections of one image
     * @param overlap    intersection over union above which the smaller score goes, 0..1
     * @return what is kept, by falling score
     */
    public static List<Detection> suppress(List<Detection> detections, double overlap) {
        List<Detection> kept = new ArrayList<>();
        for (Detection candidate : detections.stream().sorted(Comparator.comparingDouble(Detection::score).reversed()).toList()) {
            if (kept.stream().noneMatch(d -> d.label() == candidate.label() && d.box().iou(candidate.box()) > overlap)) {
                kept.add(candidate);
            }
        }
        return kept;
    }
}
