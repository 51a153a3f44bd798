package org.multipoint.samples;

import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.nd4j.shade.jackson.databind.ObjectMapper;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Accuracy over stored bits, for other programs and for a later run that continues it. Names and meanings of fields stay.
 *
 * @param model             name of the network
 * @param calibrationImages images that it was calibrated on
 * @param testImages        images that it was evaluated on
 * @param fp32Top1          share of images whose most likely class is right before
 * @param trainedTop1       the same of the network trained further in fp32 for as long as others are; null where none is
 * @param points            in the order in which they were measured
 */
record Curve(@JsonProperty("model") String model, @JsonProperty("calibrationImages") int calibrationImages,
             @JsonProperty("testImages") int testImages, @JsonProperty("fp32Top1") double fp32Top1,
             @JsonProperty("trainedTop1") Double trainedTop1, @JsonProperty("points") List<Point> points) {

    @JsonCreator
    Curve {
        points = List.copyOf(points);
    }

    /**
     * A quantized network.
     *
     * @param series     what it is a point of
     * @param setting    what tells it from others of the series
     * @param bits       stored bits for each weight, everything counted; of mixed precision in a format made for it
     * @param top1       share of images whose most likely class is right
     * @param divergence mean Kullback-Leibler divergence of the class probabilities from those of fp32, in nats
     */
    record Point(@JsonProperty("series") String series, @JsonProperty("setting") String setting, @JsonProperty("bits") double bits,
                 @JsonProperty("top1") double top1, @JsonProperty("divergence") double divergence) {

        @JsonCreator
        Point {
        }
    }

    Optional<Point> find(String series, String setting) {
        return points.stream().filter(p -> p.series.equals(series) && p.setting.equals(setting)).findFirst();
    }

    Curve with(Point point) {
        return new Curve(model, calibrationImages, testImages, fp32Top1, trainedTop1, Stream.concat(points.stream(), Stream.of(point)).toList());
    }

    Curve withTrained(double top1) {
        return new Curve(model, calibrationImages, testImages, fp32Top1, top1, points);
    }

    /**
     * The curve in a file, or this one where there is no such file.
     *
     * @throws IllegalArgumentException where the file holds a curve of another network or of other images
     */
    Curve begun(Path file) throws IOException {
        if (!Files.exists(file)) {
            return this;
        }
        Curve earlier = new ObjectMapper().readValue(file.toFile(), Curve.class);
        if (!continues(earlier)) {
            throw new IllegalArgumentException(file + " holds a curve of another network or of other images: " + earlier.model + ", calibrated on "
                    + earlier.calibrationImages + " images and evaluated on " + earlier.testImages + ", fp32 " + earlier.fp32Top1);
        }
        return earlier;
    }

    private boolean continues(Curve other) {
        return model.equals(other.model) && calibrationImages == other.calibrationImages && testImages == other.testImages
                && fp32Top1 == other.fp32Top1;
    }
}
