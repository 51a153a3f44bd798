package org.multipoint.samples;

import org.multipoint.datasets.DetectionFolder;

import java.io.IOException;
import java.util.Optional;

/** A detector to quantize, and images for it. */
interface DetectionSubject {

    /** For reports. */
    String name();

    Network network() throws IOException;

    /** @param network that of {@link #network} */
    Detector detector(Network network) throws IOException;

    /** Images to evaluate on. */
    DetectionFolder.Builder test(Detector detector);

    /** Images to calibrate on; empty where they are to be taken from the others. */
    Optional<DetectionFolder.Builder> calibration(Detector detector);
}
