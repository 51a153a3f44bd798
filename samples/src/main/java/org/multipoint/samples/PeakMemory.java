package org.multipoint.samples;

import org.bytedeco.javacpp.Pointer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The peak resident memory of this process, Java heap and native memory together. */
final class PeakMemory {

    private static final Path STATUS = Path.of("/proc/self/status");
    private static final String PEAK = "VmHWM:";
    private static final double KIBIBYTE_IN_MEGABYTES = 1024 / 1e6;

    private PeakMemory() {
    }

    /** Megabytes; where the operating system does not report the peak (Linux does), the present use. */
    static double megabytes() {
        if (Files.isReadable(STATUS)) {
            try {
                for (String line : Files.readAllLines(STATUS)) {
                    if (line.startsWith(PEAK)) {
                        return Long.parseLong(line.replaceAll("\\D", "")) * KIBIBYTE_IN_MEGABYTES;
                    }
                }
            } catch (IOException e) {
                // Not reported.
            }
        }
        return Pointer.physicalBytes() / 1e6;
    }
}
