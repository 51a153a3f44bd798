package org.multipoint.samples;

import picocli.CommandLine.Option;

import java.util.Locale;
import java.util.Optional;

/** The option that reports on half of the images, so that settings are not chosen on the images of the report. */
final class ReportedHalf {

    /** Which half. */
    enum Half {
        FIRST, SECOND;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    @Option(names = "--half", paramLabel = "HALF", description = "Evaluates on one half of the images: ${COMPLETION-CANDIDATES}. The halves are "
            + "disjoint and always the same; settings that were chosen on the first are reported on the second. A search for --max-drop "
            + "takes the other half, and reports on the second unless told otherwise.")
    private Half half;

    Optional<Half> get() {
        return Optional.ofNullable(half);
    }
}
