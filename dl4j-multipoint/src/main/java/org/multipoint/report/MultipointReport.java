package org.multipoint.report;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The result of a transformation, layer by layer. Immutable.
 *
 * @param layers          quantized operations, in topological order
 * @param kept            what stays in fp32, with the reason
 * @param warnings        what a user should look at, by layer: too few samples, values that differ from the source model's, frozen layers that can
 *                        be trained, outputs and layer indices that folding has moved
 * @param floatParameters parameters that stay in fp32: biases and all of the layers that were kept
 * @param provenance      program version, settings and calibration data
 */
public record MultipointReport(List<LayerReport> layers, Map<String, String> kept, Map<String, String> warnings,
                               long floatParameters, Provenance provenance) {

    private static final int DEFAULT_WIDTH = 100;

    public MultipointReport {
        layers = List.copyOf(layers);
        kept = Collections.unmodifiableMap(new LinkedHashMap<>(kept));
        warnings = Collections.unmodifiableMap(new LinkedHashMap<>(warnings));
        Objects.requireNonNull(provenance, "provenance");
    }

    /** Number of weights that are stored as points. */
    public long weights() {
        return layers.stream().mapToLong(LayerReport::weights).sum();
    }

    /** Bits that the file holds for each quantized weight: codes, scales, point counts and headers. */
    public double storedBitsPerWeight() {
        return weights() == 0 ? 0 : layers.stream().mapToDouble(LayerReport::storedBits).sum() / weights();
    }

    /** Notional bits for each quantized weight, see {@link LayerReport}: the figure to compare methods by. */
    public double notionalBitsPerWeight() {
        return weights() == 0 ? 0 : layers.stream().mapToDouble(LayerReport::notionalBits).sum() / weights();
    }

    /** Codes for each quantized weight: 1.1 means 10 % more than one point per row. */
    public double codesPerWeight() {
        return weights() == 0 ? 0 : layers.stream().mapToDouble(LayerReport::codes).sum() / weights();
    }

    /** Bytes of the quantized weights as the file holds them. */
    public long storedBytes() {
        return layers.stream().mapToLong(LayerReport::storedBits).sum() / 8;
    }

    /** The whole report as one JSON object. */
    public String toJson() {
        return ReportJson.of(this);
    }

    /** The whole report as text, in lines of at most 100 characters except for names, reasons and settings. */
    @Override
    public String toString() {
        return toText(DEFAULT_WIDTH);
    }

    /**
     * The whole report as text.
     *
     * @param width characters of a line of the table; columns are left out where it is too wide
     */
    public String toText(int width) {
        return ReportText.of(this, width);
    }
}
