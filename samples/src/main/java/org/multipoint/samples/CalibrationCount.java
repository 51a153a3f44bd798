package org.multipoint.samples;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The option for the number of calibration images. */
final class CalibrationCount {

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    private Integer images;

    @Option(names = "--calibration", paramLabel = "N", description = "Images to calibrate on.")
    void setImages(int count) {
        images = Arguments.positive(command, "--calibration", count);
    }

    int or(int otherwise) {
        return images == null ? otherwise : images;
    }
}
