package org.multipoint.samples;

import org.multipoint.options.Method;
import org.multipoint.options.MultipointOptions;
import org.multipoint.options.MultipointOptions.Granularity;
import org.multipoint.points.CodeGrid;
import org.multipoint.report.MultipointReport;
import org.multipoint.transform.Multipoint;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.util.List;
import java.util.Optional;

/** How to quantize. */
final class QuantizationOptions {

    private static final double DEFAULT_EXTRA_POINTS = 0.10;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    private List<Integer> bits;
    private Method method;
    private Granularity granularity;

    @Mixin
    private LayerOptions layers;

    @ArgGroup
    private Budget budget;

    /** What may be spent on points: one of these. */
    private static final class Budget {

        @Spec
        private CommandSpec command;

        private Double extraPoints;
        private Double storedBits;
        private Long bytes;
        private Double maxDrop;

        @Option(names = "--extra", paramLabel = "SHARE",
                description = "Extra points, as a share of the codes that one point per row takes; 0.10 where no budget is given.")
        void setExtraPoints(double share) {
            extraPoints = Arguments.checked(command, "--extra", share, share >= 0 && share < Double.POSITIVE_INFINITY, "0 or more");
        }

        @Option(names = "--stored-bits", paramLabel = "BITS",
                description = "Stored bits for each quantized weight, everything counted.")
        void setStoredBits(double perWeight) {
            storedBits = Arguments.checked(command, "--stored-bits", perWeight, perWeight > 0 && perWeight < Double.POSITIVE_INFINITY,
                    "more than 0");
        }

        @Option(names = "--max-drop", paramLabel = "POINTS",
                description = "Finds the smallest model whose top-1 (of detectors: mAP@0.5), in percent, is at most this far below that of fp32, on images that are "
                        + "not those of the report.")
        void setMaxDrop(double points) {
            maxDrop = Arguments.checked(command, "--max-drop", points, points >= 0 && points <= 100, "0 to 100");
        }

        @Option(names = "--bytes", paramLabel = "BYTES", description = "Bytes of all quantized weights, everything counted.")
        void setBytes(long count) {
            bytes = Arguments.checked(command, "--bytes", count, count > 0, "more than 0");
        }
    }

    @Option(names = "--bits", split = ",", paramLabel = "BITS",
            description = "Width of a code, 2 to 8; several widths, as in 4,3, are tried one after another.")
    void setBits(List<Integer> widths) {
        bits = widths;
        widths.forEach(b -> Arguments.checked(command, "--bits", b, b >= CodeGrid.MIN_BITS && b <= CodeGrid.MAX_BITS,
                CodeGrid.MIN_BITS + " to " + CodeGrid.MAX_BITS));
    }

    @Option(names = "--method", paramLabel = "METHOD",
            description = "How weights are approximated and stored: ${COMPLETION-CANDIDATES}; coded where --stored-bits, --bytes or --max-drop is "
                    + "given and --bits is not, else calibrated.")
    void setMethod(Method method) {
        this.method = method;
    }

    @Option(names = "--granularity", defaultValue = "channel", paramLabel = "WHAT",
            description = "What shares a step size under greedy and nearest: ${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}.")
    void setGranularity(Granularity granularity) {
        this.granularity = granularity;
    }

    /**
     * The widths that are asked for.
     *
     * @param otherwise widths where nothing but a method or extra points is asked for; none where a size or a largest drop is
     */
    List<Integer> bits(Integer... otherwise) {
        return bits != null ? bits : budget == null || budget.extraPoints != null ? List.of(otherwise) : List.of();
    }

    /** Whether any of what decides a model's size was asked for. */
    boolean isGiven() {
        return bits != null || budget != null;
    }

    /** Largest drop of top-1, as a share of the images, where the smallest model is asked for. */
    Optional<Double> maxDrop() {
        return Optional.ofNullable(budget).map(b -> b.maxDrop).map(points -> points / 100);
    }

    <M> Multipoint<M> apply(Multipoint<M> multipoint) {
        layers.apply(multipoint).options(MultipointOptions.builder().granularity(granularity).build());
        if (method != null) {
            multipoint.method(method);
        }
        if (maxDrop().isPresent()) {
            return multipoint;
        }
        if (budget != null && budget.storedBits != null) {
            return multipoint.storedBits(budget.storedBits);
        }
        if (budget != null && budget.bytes != null) {
            return multipoint.storedBytes(budget.bytes);
        }
        return multipoint.extraPoints(budget == null ? DEFAULT_EXTRA_POINTS : budget.extraPoints);
    }

    /** The budget of extra points as a share of the codes that one point per row takes: as asked for, else as it came out. */
    double extraPoints(MultipointReport report) {
        if (method != Method.NEAREST && budget == null) {
            return DEFAULT_EXTRA_POINTS;
        }
        return method != Method.NEAREST && budget.extraPoints != null ? budget.extraPoints : report.codesPerWeight() - 1;
    }

    /** These options as they were given, but for layers that are left out, for another command line. */
    String asGiven() {
        return Arguments.asGiven(command, "--bits", "--extra", "--stored-bits", "--bytes", "--method", "--granularity", "--activation-bits",
                "--layer-bits");
    }
}
