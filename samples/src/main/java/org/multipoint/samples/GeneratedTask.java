package org.multipoint.samples;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.multipoint.datasets.ImageIterator;
import org.multipoint.datasets.SyntheticImages;
import org.multipoint.datasets.SyntheticScenes;
import org.multipoint.detection.Yolo2Head;
import org.multipoint.samples.models.CifarResNet;
import org.multipoint.samples.models.ShapeDetector;

import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import java.util.function.UnaryOperator;

/** What a small network can learn of generated images. */
enum GeneratedTask {

    /** To tell apart images of one shape each. */
    CLASSIFICATION("quickstart.zip", "ResNet", "tells apart", 24_000, 64) {
        @Override
        ImageIterator train(int images, int batch) {
            return SyntheticImages.train(images, batch, CNN2DFormat.NCHW);
        }

        @Override
        ImageIterator validation(int images, int batch) {
            return SyntheticImages.validation(images, batch, CNN2DFormat.NCHW);
        }

        @Override
        ImageIterator test(int images, int batch) {
            return SyntheticImages.test(images, batch, CNN2DFormat.NCHW);
        }

        @Override
        Judge<?> judge() {
            return Evaluations.ofClasses();
        }

        @Override
        ComputationGraphConfiguration configuration(NeuralNetConfiguration.Builder settings, int blocks, int width) {
            return CifarResNet.configuration(settings, blocks, width, SyntheticImages.LABELS.size());
        }
    },

    /** To find the shapes in images of several. */
    DETECTION("quickstart-detection.zip", "detector in the manner of YOLOv2", "finds", 12_000, 32) {
        @Override
        ImageIterator train(int images, int batch) {
            return SyntheticScenes.train(images, batch);
        }

        @Override
        ImageIterator validation(int images, int batch) {
            return SyntheticScenes.validation(images, batch);
        }

        @Override
        ImageIterator test(int images, int batch) {
            return SyntheticScenes.test(images, batch);
        }

        @Override
        Judge<?> judge() {
            return new DetectionJudge(new Detector(SyntheticScenes.VIEW, new Yolo2Head(ShapeDetector.ANCHORS, SyntheticScenes.LABELS.size(),
                    CNN2DFormat.NCHW, 0.005), 0.45, UnaryOperator.identity(), SyntheticScenes.LABELS));
        }

        @Override
        ComputationGraphConfiguration configuration(NeuralNetConfiguration.Builder settings, int blocks, int width) {
            return ShapeDetector.configuration(settings, blocks, SyntheticScenes.SIZE, width, SyntheticScenes.LABELS.size());
        }
    };

    private final String resource;
    private final String network;
    private final String does;
    private final int trainingImages;
    private final int batch;

    /**
     * @param resource       the trained network, made by the train command
     * @param network        what it is
     * @param does           what it does with shapes
     * @param trainingImages that it was trained on
     * @param batch          images in a batch in training
     */
    GeneratedTask(String resource, String network, String does, int trainingImages, int batch) {
        this.resource = resource;
        this.network = network;
        this.does = does;
        this.trainingImages = trainingImages;
        this.batch = batch;
    }

    abstract ImageIterator train(int images, int batch);

    abstract ImageIterator validation(int images, int batch);

    abstract ImageIterator test(int images, int batch);

    abstract Judge<?> judge();

    /**
     * The network before training.
     *
     * @param blocks in each of its three stages
     * @param width  channels of its first stage
     */
    abstract ComputationGraphConfiguration configuration(NeuralNetConfiguration.Builder settings, int blocks, int width);

    /** The trained network that is part of the project. */
    Network trained() throws IOException {
        try (InputStream in = GeneratedTask.class.getResourceAsStream(resource)) {
            return SavedModel.read(in, resource);
        }
    }

    /** Name for reports. */
    String title() {
        return resource.replace(".zip", "");
    }

    /** What the network is. */
    String network() {
        return network;
    }

    /** What it does with shapes. */
    String does() {
        return does;
    }

    int trainingImages() {
        return trainingImages;
    }

    /** Images in a batch in training. */
    int batch() {
        return batch;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
