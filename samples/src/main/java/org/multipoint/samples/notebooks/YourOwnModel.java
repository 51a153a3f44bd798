package org.multipoint.samples.notebooks;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.modelimport.keras.KerasModelImport;
import org.deeplearning4j.util.ModelSerializer;
import org.multipoint.datasets.ImageFolder;
import org.multipoint.datasets.ImageView;
import org.multipoint.datasets.SyntheticImages;
import org.multipoint.samples.Samples;
import org.multipoint.segments.Segments;
import org.multipoint.transform.Multipoint;
import org.multipoint.transform.MultipointResult;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.ToDoubleFunction;
import javax.imageio.ImageIO;

import static org.multipoint.samples.notebooks.Output.display;
import static org.multipoint.samples.notebooks.Output.step;

/** A Keras model and a folder of images. */
public final class YourOwnModel {

    private YourOwnModel() {
    }

    public static void main(String[] args) throws Exception {
        step("""
                # Your own Keras model and images

                A model of Keras 2 as an `.h5` file, and images in a folder for each class. Replace `model` and `images` by your own.
                """);

        step("""
                ## 1. The files

                So that this runs anywhere, the model is a small one that is part of the samples, and the images are generated.
                """);
        Path folder = Files.createTempDirectory("multipoint");
        Path model = folder.resolve("shapes.h5");
        try (InputStream in = Samples.class.getResourceAsStream("shapes.h5")) {
            Files.copy(in, model);
        }
        Path images = folder.resolve("images");
        for (int i = 0; i < 600; i++) {
            long index = SyntheticImages.FIRST_TEST_INDEX + i;
            Path file = images.resolve(SyntheticImages.LABELS.get(SyntheticImages.label(index))).resolve(String.format("%04d.png", i));
            Files.createDirectories(file.getParent());
            ImageIO.write(SyntheticImages.image(index).toBufferedImage(), "png", file.toFile());
        }
        System.out.printf("%,d bytes of model, classes %s%n", Files.size(model), SyntheticImages.LABELS);

        step("""
                ## 2. What the model sees

                Preprocessing has to be that of the training: here (pixel - 84) / 41 of images as they are. For usual models there are ready views,
                such as `ImageView.keras(224)`. Models of TensorFlow have channels last. One part of the images is to calibrate on, the other
                to judge by.
                """);
        ImageView view = new ImageView.Builder("shapes", 32).exact().normalize(84, 41).build();
        List<ImageFolder> parts = ImageFolder.of(images, view).format(CNN2DFormat.NHWC).labels(SyntheticImages.LABELS).build().split(200);
        System.out.printf("%d images to calibrate on, %d to judge by%n", parts.get(0).totalExamples(), parts.get(1).totalExamples());

        step("""
                ## 3. Import and quantize

                Deeplearning4j imports the model; batch normalization becomes part of the convolutions. The size that may be spent is given as stored
                bits for each weight.
                """);
        ComputationGraph graph = KerasModelImport.importKerasModelAndWeights(model.toString(), false);
        MultipointResult<ComputationGraph> result = Multipoint.of(graph).calibrate(parts.get(0)).storedBits(3).transform();
        System.out.println(result.report());

        step("""
                ## 4. What it says about images

                The first images of the test part, with what the quantized model takes them for; red where it is wrong.
                """);
        ComputationGraph before = Segments.compile(graph).graph();
        ComputationGraph after = Segments.compile(result.model()).graph();
        ToDoubleFunction<ComputationGraph> top1 = network -> {
            Evaluation evaluation = new Evaluation(SyntheticImages.LABELS);
            parts.get(1).reset();
            while (parts.get(1).hasNext()) {
                DataSet some = parts.get(1).next();
                evaluation.eval(some.getLabels(), network.outputSingle(some.getFeatures()));
            }
            return 100 * evaluation.accuracy();
        };
        System.out.printf("Top-1: %.1f %% in fp32, %.1f %% quantized%n", top1.applyAsDouble(before), top1.applyAsDouble(after));

        parts.get(1).reset();
        DataSet batch = parts.get(1).next(20);
        INDArray found = after.outputSingle(batch.getFeatures()).argMax(1);
        INDArray right = batch.getLabels().argMax(1);
        BufferedImage sheet = new BufferedImage(10 * 74, 2 * 96, BufferedImage.TYPE_INT_RGB);
        Graphics2D paint = sheet.createGraphics();
        paint.setColor(Color.WHITE);
        paint.fillRect(0, 0, sheet.getWidth(), sheet.getHeight());
        for (int i = 0; i < 20; i++) {
            int x = i % 10 * 74 + 5;
            int y = i / 10 * 96 + 5;
            paint.drawImage(view.picture(batch.getFeatures().slice(i).dup().data().asFloat(), CNN2DFormat.NHWC).toBufferedImage(), x, y, 64, 64, null);
            paint.setColor(found.getInt(i) == right.getInt(i) ? Color.BLACK : Color.RED);
            paint.drawString(SyntheticImages.LABELS.get(found.getInt(i)), x, y + 80);
        }
        paint.dispose();
        display(sheet);

        step("""
                ## 5. Ship it

                A Deeplearning4j file, that needs Keras no more.
                """);
        Path small = folder.resolve("shapes-3bit.zip");
        ModelSerializer.writeModel(result.model(), small.toFile(), false);
        ComputationGraph restored = ModelSerializer.restoreComputationGraph(small.toFile());
        System.out.printf("%,d bytes, outputs after restoring %s%n", Files.size(small),
                restored.outputSingle(batch.getFeatures()).equals(result.model().outputSingle(batch.getFeatures())) ? "the same" : "differ");
    }
}
