package org.multipoint.report;

import org.multipoint.internal.files.AtomicFile;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * The result of a transformation, layer by layer. Immutable.
 *
 * @param layers          quantized operations, in topological order
 * @param kept            what stays in fp32, with the reason
 * @param warnings        what a user should look at, by layer: too few samples, values that differ from the source model's, frozen layers that can
 *                        be trained, outputs and layer indices that folding has moved
 * @param floatParameters parameters that stay in fp32: biases and all of the layers that were kept
 * @param provenance      program version, settings and calibration data
 * @param measurements    what was measured of the model, none where nobody did; see {@link #with}
 */
public record MultipointReport(List<LayerReport> layers, Map<String, String> kept, Map<String, String> warnings,
                               long floatParameters, Provenance provenance, List<Measurement> measurements) {

    public MultipointReport {
        layers = List.copyOf(layers);
        kept = Collections.unmodifiableMap(new LinkedHashMap<>(kept));
        warnings = Collections.unmodifiableMap(new LinkedHashMap<>(warnings));
        Objects.requireNonNull(provenance, "provenance");
        measurements = List.copyOf(measurements);
    }

    /** A report that nothing was measured for. */
    public MultipointReport(List<LayerReport> layers, Map<String, String> kept, Map<String, String> warnings, long floatParameters,
                            Provenance provenance) {
        this(layers, kept, warnings, floatParameters, provenance, List.of());
    }

    /** This report with one more figure that was measured of the model: its accuracy, the size of its file, a time. */
    public MultipointReport with(Measurement measurement) {
        return new MultipointReport(layers, kept, warnings, floatParameters, provenance,
                Stream.concat(measurements.stream(), Stream.of(measurement)).toList());
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

    /** Bytes of all parameters in fp32: of the quantized weights, and of those that stay. */
    public long fp32Bytes() {
        return (weights() + floatParameters) * Float.BYTES;
    }

    /** Bytes of all parameters: the quantized weights as the file holds them, and those that stay in fp32. */
    public long bytes() {
        return storedBytes() + floatParameters * Float.BYTES;
    }

    /**
     * The whole report as one HTML page with charts, which needs no other files and no network. The same report gives the same text.
     *
     * @param title heading of the page, such as the name of the model
     */
    public String toHtml(String title) {
        return ReportHtml.of(this, title);
    }

    /**
     * Writes the report as an HTML page, see {@link #toHtml}. The file appears as a whole or not at all, and replaces an older one.
     *
     * @param title heading of the page, such as the name of the model
     * @throws IOException where the file cannot be written
     */
    public void writeHtml(Path file, String title) throws IOException {
        AtomicFile.write(file, part -> Files.writeString(part, toHtml(title)));
    }

    /** The whole report as one JSON object. */
    public String toJson() {
        return ReportJson.of(this);
    }

    /** The whole report as text, in lines of at most 100 characters except for names, reasons and settings. */
    @Override
    public String toString() {
        return toText(ReportText.WIDTH);
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
