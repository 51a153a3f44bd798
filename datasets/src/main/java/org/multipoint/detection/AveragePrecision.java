package org.multipoint.detection;

import org.multipoint.datasets.LabelledBox;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * Average precision of a detector over many images. All detections of a class, by falling score, are matched with its objects; precision over
 * recall, made monotone, is averaged. Difficult objects count neither as found nor as missed.
 */
public final class AveragePrecision {

    /** Detections of one class in an image that COCO's definition takes into account. */
    private static final int COCO_MOST_DETECTIONS = 100;
    private static final int COCO_THRESHOLDS = 10;

    /** A published definition of the average. */
    public enum Definition {

        /** PASCAL VOC until 2009: the mean at recall 0, 0.1, ..., 1. Each detection goes with the object it overlaps most. */
        VOC_2007 {
            @Override
            double average(double[] recall, double[] precision) {
                return IntStream.rangeClosed(0, 10).mapToDouble(i -> at(i / 10.0, recall, precision)).sum() / 11;
            }
        },

        /** PASCAL VOC since 2010: the area under the curve. Each detection goes with the object it overlaps most. */
        VOC_AREA {
            @Override
            double average(double[] recall, double[] precision) {
                double area = 0;
                double before = 0;
                for (int i = 0; i < recall.length; i++) {
                    area += (recall[i] - before) * precision[i];
                    before = recall[i];
                }
                return area;
            }
        },

        /**
         * COCO: the mean at recall 0, 0.01, ..., 1 over the {@value #COCO_MOST_DETECTIONS} best detections of each class in an image. Each goes with the
         * object it overlaps most among those that are not found yet.
         */
        COCO {
            @Override
            double average(double[] recall, double[] precision) {
                // The products, not the quotients, as COCO's own evaluation has them.
                return IntStream.rangeClosed(0, 100).mapToDouble(i -> at(i * 0.01, recall, precision)).sum() / 101;
            }
        };

        /**
         * @param recall    rising
         * @param precision falling
         */
        abstract double average(double[] recall, double[] precision);

        private static double at(double least, double[] recall, double[] precision) {
            for (int i = 0; i < recall.length; i++) {
                if (recall[i] >= least) {
                    return precision[i];
                }
            }
            return 0;
        }
    }

    private final int classes;
    private final List<List<LabelledBox>> objects = new ArrayList<>();
    private final List<List<Detection>> detections = new ArrayList<>();

    /** @param classes number of classes */
    public AveragePrecision(int classes) {
        this.classes = classes;
    }

    /**
     * Adds an image.
     *
     * @param there what is in it
     * @param found what a detector finds in it, after suppression
     * @throws IllegalArgumentException where a class is out of range
     */
    public void add(List<LabelledBox> there, List<Detection> found) {
        if (IntStream.concat(there.stream().mapToInt(LabelledBox::label), found.stream().mapToInt(Detection::label))
                .anyMatch(label -> label < 0 || label >= classes)) {
            throw new IllegalArgumentException("A class of an object or detection is not in 0.." + (classes - 1));
        }
        objects.add(List.copyOf(there));
        detections.add(found.stream().sorted(Comparator.comparingDouble(Detection::score).reversed()).toList());
    }

    /** Number of images. */
    public int images() {
        return objects.size();
    }

    /**
     * The mean over all classes that have an object which is not difficult.
     *
     * @param overlap least intersection over union of a detection and its object
     * @return 0..1; NaN where there are no objects
     */
    public double mean(Definition definition, double overlap) {
        return IntStream.range(0, classes).mapToObj(label -> ofClass(definition, overlap, label)).flatMapToDouble(OptionalDouble::stream)
                .average().orElse(Double.NaN);
    }

    /** COCO's first figure: the mean for overlaps of 0.5, 0.55, ..., 0.95. */
    public double coco() {
        return IntStream.range(0, COCO_THRESHOLDS).mapToDouble(i -> mean(Definition.COCO, 0.5 + 0.05 * i)).average().orElseThrow();
    }

    /**
     * The figure of one class.
     *
     * @param overlap least intersection over union of a detection and its object
     * @param label   index of the class
     * @return 0..1; empty where the class has no objects that are not difficult
     */
    public OptionalDouble ofClass(Definition definition, double overlap, int label) {
        int there = objects.stream().mapToInt(o -> (int) o.stream().filter(b -> b.label() == label && !b.difficult()).count()).sum();
        if (there == 0) {
            return OptionalDouble.empty();
        }
        List<Match> matches = new ArrayList<>();
        for (int image = 0; image < objects.size(); image++) {
            matches.addAll(matches(definition, overlap, objects.get(image).stream().filter(o -> o.label() == label).toList(),
                    detections.get(image).stream().filter(d -> d.label() == label).toList()));
        }
        matches.sort(Comparator.comparingDouble(Match::score).reversed());
        double[] recall = new double[matches.size()];
        double[] precision = new double[matches.size()];
        int right = 0;
        for (int i = 0; i < matches.size(); i++) {
            right += matches.get(i).right ? 1 : 0;
            recall[i] = (double) right / there;
            precision[i] = right / (i + 1.0);
        }
        for (int i = precision.length - 2; i >= 0; i--) {
            precision[i] = Math.max(precision[i], precision[i + 1]);
        }
        return OptionalDouble.of(definition.average(recall, precision));
    }

    /** A detection that counts. */
    private record Match(double score, boolean right) {
    }

    private static List<Match> matches(Definition definition, double overlap, List<LabelledBox> there, List<Detection> found) {
        boolean coco = definition == Definition.COCO;
        boolean[] taken = new boolean[there.size()];
        List<Match> matches = new ArrayList<>();
        for (Detection detection : coco ? found.subList(0, Math.min(found.size(), COCO_MOST_DETECTIONS)) : found) {
            double[] ious = there.stream().mapToDouble(o -> o.box().iou(detection.box())).toArray();
            int best = coco ? bestFree(there, ious, taken, overlap) : best(ious);
            if (best < 0 || ious[best] < overlap) {
                matches.add(new Match(detection.score(), false));
            } else if (!there.get(best).difficult()) {
                matches.add(new Match(detection.score(), !taken[best]));
                taken[best] = true;
            }
        }
        return matches;
    }

    /** Index of the largest value that is not negative; -1 for none. */
    private static int best(double[] ious) {
        return IntStream.range(0, ious.length).filter(i -> ious[i] >= 0).reduce(-1, (a, b) -> a >= 0 && ious[a] >= ious[b] ? a : b);
    }

    /** Objects that count come before those that do not; difficult ones may be found many times. */
    private static int bestFree(List<LabelledBox> there, double[] ious, boolean[] taken, double overlap) {
        double[] free = ious.clone();
        double[] difficult = ious.clone();
        for (int i = 0; i < ious.length; i++) {
            (there.get(i).difficult() ? free : difficult)[i] = -1;
            free[i] = taken[i] ? -1 : free[i];
        }
        int best = best(free);
        return best >= 0 && free[best] >= overlap ? best : best(difficult);
    }
}
