package org.multipoint.samples;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.multipoint.datasets.ImageIterator;
import org.multipoint.datasets.LabelledBox;
import org.multipoint.datasets.RgbImage;
import org.multipoint.datasets.Scene;
import org.multipoint.detection.AveragePrecision;
import org.multipoint.detection.AveragePrecision.Definition;
import org.multipoint.detection.Detection;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** Judges detectors by the objects of their images. Networks are compiled for it. */
final class DetectionJudge implements Judge<DetectionJudge.Result> {

    private static final int PICTURES = 4;
    private static final double OVERLAP = 0.5;

    private final Detector detector;

    /**
     * @param figures  mean average precision
     * @param images   number of images
     * @param pictures the first images with objects
     */
    record Result(SortedMap<Figure, Double> figures, long images, double seconds, List<Picture> pictures) implements Judgement {
    }

    /**
     * An image as the network sees it.
     *
     * @param there what is in it
     * @param found what the network finds
     */
    record Picture(RgbImage image, List<LabelledBox> there, List<Detection> found) {
    }

    DetectionJudge(Detector detector) {
        this.detector = detector;
    }

    @Override
    public Result evaluate(String name, Network network, ImageIterator images, Result reference) {
        long start = System.nanoTime();
        Network fast = network.compiled();
        AveragePrecision precision = new AveragePrecision(detector.classes().size());
        List<Picture> pictures = new ArrayList<>();
        images.reset();
        try (Progress progress = Progress.of(name + " evaluation", images.totalExamples())) {
            while (images.hasNext()) {
                DataSet batch = images.next();
                List<Scene> scenes = batch.getExampleMetaData(Scene.class);
                List<List<Detection>> found = detector.detect(fast, batch.getFeatures());
                for (int i = 0; i < scenes.size(); i++) {
                    List<LabelledBox> there = scenes.get(i).objects();
                    precision.add(there, found.get(i));
                    if (pictures.size() < PICTURES && !there.isEmpty()) {
                        pictures.add(new Picture(picture(batch.getFeatures().slice(i), network.format()), there, found.get(i)));
                    }
                }
                progress.stepBy(batch.numExamples());
            }
        }
        return new Result(new TreeMap<>(Map.of(Figure.MAP, precision.mean(Definition.VOC_AREA, OVERLAP), Figure.COCO_MAP, precision.coco())),
                precision.images(), (System.nanoTime() - start) / 1e9, pictures);
    }

    private RgbImage picture(INDArray features, CNN2DFormat format) {
        return detector.view().picture(features.dup('c').data().asFloat(), format);
    }

    @Override
    public void draw(Path png, String model, Measured<Result> original, List<QuantizedNetwork<Result>> quantized)
            throws IOException {
        DetectionPlot plot = new DetectionPlot(detector.classes());
        plot.add("fp32", original.judgement());
        quantized.forEach(q -> plot.add(q.size(), q.measured().judgement()));
        plot.write(png);
    }
}
