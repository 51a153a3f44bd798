package org.multipoint.samples;

import org.multipoint.report.Measurement;
import org.multipoint.report.MultipointReport;

import java.util.Locale;

/** A report with the figures that were measured of both networks. */
final class MeasuredReport {

    private MeasuredReport() {
    }

    /**
     * @param before the network in fp32
     * @param after  the quantized one
     */
    static MultipointReport of(MultipointReport report, Measured<?> before, QuantizedNetwork<?> after) {
        Judgement found = after.measured().judgement();
        MultipointReport measured = report;
        for (Figure figure : found.figures().keySet()) {
            measured = measured.with(new Measurement(String.format(Locale.ROOT, "%s on %,d test images", figure, found.images()), "%",
                    100 * before.judgement().figures().get(figure), 100 * found.figures().get(figure)));
        }
        if (!Double.isNaN(found.agreement())) {
            measured = measured.with(new Measurement("agreement with fp32", "%", Double.NaN, 100 * found.agreement()))
                    .with(new Measurement("divergence from fp32, in nats", "", Double.NaN, found.divergence()));
        }
        return of(measured, before.cost(), after.measured().cost(), after.calibrationSeconds(), after.quantizationSeconds());
    }

    /**
     * @param before what the network in fp32 takes
     * @param after  what the quantized one takes
     */
    static MultipointReport of(MultipointReport report, Cost before, Cost after, double calibrationSeconds, double quantizationSeconds) {
        return report.with(new Measurement("size of the file", "bytes", before.bytes(), after.bytes()))
                .with(new Measurement("time per example in Deeplearning4j", "ms", before.msPerImage(), after.msPerImage()))
                .with(new Measurement("time per example, compiled", "ms", before.compiledMsPerImage(), after.compiledMsPerImage()))
                .with(new Measurement("time of calibration", "s", Double.NaN, calibrationSeconds))
                .with(new Measurement("time of quantization", "s", Double.NaN, quantizationSeconds));
    }
}
