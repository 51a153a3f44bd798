package org.multipoint.report;

import java.util.Comparator;
import java.util.List;

/**
 * What the quantization of each layer does to the outputs of a network. Divergences are mean Kullback-Leibler divergences from the
 * probabilities of the fp32 network, in nats; where outputs are no probabilities, squared errors relative to the variance of the outputs.
 * Of several outputs they are added. Immutable.
 *
 * @param layers   quantized layers, in topological order
 * @param all      divergence where all of them are quantized
 * @param examples examples that it was measured on: calibration examples that are held out, 64 at most; with fewer than eight examples, all
 */
public record SensitivityReport(List<LayerSensitivity> layers, double all, int examples) {

    public SensitivityReport {
        layers = List.copyOf(layers);
    }

    /**
     * One quantized layer.
     *
     * @param name       of the layer, as {@code leaveOut} and {@code bits} take it
     * @param weights    number of its weights
     * @param storedBits bits that the file holds of them
     * @param alone      divergence where this layer alone is quantized. Its weights are those that were made for all together: they make up
     *                   for errors of the layers before it, which are not there then
     * @param allButOne  divergence where all layers but this one are quantized, again with the weights that were made for all together
     */
    public record LayerSensitivity(String name, long weights, long storedBits, double alone, double allButOne) {

        /** Bytes by which the file grows where the layer stays in fp32. */
        public long bytesInFp32() {
            return weights * Float.BYTES - storedBits / Byte.SIZE;
        }
    }

    /** By how much the divergence falls where a layer of this report stays in fp32; may be negative, as errors may cancel each other. */
    public double gain(LayerSensitivity layer) {
        return all - layer.allButOne;
    }

    /** The layers, those first of which the outputs gain most where they stay in fp32. */
    public List<LayerSensitivity> byGain() {
        return layers.stream().sorted(Comparator.comparingDouble(this::gain).reversed()).toList();
    }

    /** The whole report as one JSON object. */
    public String toJson() {
        return ReportJson.of(this);
    }

    /** The whole report as a table, in the order of {@link #byGain}. */
    @Override
    public String toString() {
        return toText(ReportText.WIDTH);
    }

    /**
     * The whole report as a table, in the order of {@link #byGain}.
     *
     * @param width characters of a line of the table; columns are left out where it is too wide
     */
    public String toText(int width) {
        return ReportText.of(this, width);
    }
}
