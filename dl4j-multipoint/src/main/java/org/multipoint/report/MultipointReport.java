package org.multipoint.report;

import org.multipoint.internal.text.TextTable;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.SerializationFeature;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What a transformation did.
 *
 * @param layers          quantized operations, in topological order
 * @param kept            what stays in fp32, with the reason
 * @param warnings        what a user should look at, by layer: few samples, values that differ from the source model's
 * @param floatParameters parameters that stay in fp32: biases and all of the layers that were kept
 * @param provenance      program, settings and calibration data
 */
public record MultipointReport(List<LayerReport> layers, Map<String, String> kept, Map<String, String> warnings,
                               long floatParameters, Provenance provenance) {

    private static final int USUAL_WIDTH = 100;

    private static final TextTable<LayerReport> TABLE = new TextTable<LayerReport>()
            .text("layer", LayerReport::name)
            .text("kind", LayerReport::kind).optional(2)
            .number("rows", l -> String.valueOf(l.rows()))
            .number("fan-in", l -> String.valueOf(l.columns()))
            .number("bits", l -> String.valueOf(l.bits()))
            .text("points: rows", MultipointReport::points)
            .number("bits/ weight", l -> format("%.2f", l.bitsPerWeight()))
            .number("output error", l -> format("%.2e", l.outputError()))
            .text("fused exactly", MultipointReport::fused).optional(1);

    /** Weights that are stored as points. */
    public long weights() {
        return layers.stream().mapToLong(LayerReport::weights).sum();
    }

    /** Stored bits for each quantized weight: codes, scales, point counts and headers. */
    public double storedBitsPerWeight() {
        return weights() == 0 ? 0 : layers.stream().mapToDouble(LayerReport::storedBits).sum() / weights();
    }

    /** Codes for each quantized weight: 1.1 means 10 % more than one point per row. */
    public double codesPerWeight() {
        return weights() == 0 ? 0 : layers.stream().mapToDouble(LayerReport::codes).sum() / weights();
    }

    /** Bytes of the quantized weights as stored. */
    public long storedBytes() {
        return layers.stream().mapToLong(LayerReport::storedBits).sum() / 8;
    }

    /** All of it as one JSON object. */
    public String toJson() {
        ObjectMapper mapper = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
        ObjectNode root = mapper.createObjectNode();
        root.put("weights", weights());
        root.put("storedBytes", storedBytes());
        root.put("storedBitsPerWeight", storedBitsPerWeight());
        root.put("codesPerWeight", codesPerWeight());
        root.put("floatParameters", floatParameters);
        root.set("layers", mapper.valueToTree(layers));
        root.set("kept", mapper.valueToTree(kept));
        root.set("warnings", mapper.valueToTree(warnings));
        root.set("provenance", mapper.valueToTree(provenance));
        try {
            return mapper.writeValueAsString(root);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** All of it as text, in lines of at most 100 characters but for names, reasons and settings. */
    @Override
    public String toString() {
        return toText(USUAL_WIDTH);
    }

    /**
     * All of it as text.
     *
     * @param width characters of a line of the table; columns are left out where it is too wide
     */
    public String toText(int width) {
        StringBuilder text = new StringBuilder(TABLE.toString(layers, width));
        text.append('\n').append(format("%,d weights in %,d bytes: %.3f bits and %.3f codes per weight\n%,d parameters in fp32",
                weights(), storedBytes(), storedBitsPerWeight(), codesPerWeight(), floatParameters));
        kept.forEach((name, why) -> text.append('\n').append("kept in fp32: ").append(name).append(" (").append(why).append(')'));
        warnings.forEach((name, what) -> text.append('\n').append("warning: ").append(name).append(" (").append(what).append(')'));
        text.append('\n').append("made by ").append(provenance);
        return text.toString();
    }

    private static String points(LayerReport layer) {
        return IntStream.range(0, layer.pointsPerRow().size()).filter(i -> layer.pointsPerRow().get(i) > 0)
                .mapToObj(i -> (i + 1) + ": " + layer.pointsPerRow().get(i)).collect(Collectors.joining("  "));
    }

    private static String fused(LayerReport layer) {
        return layer.fusedExactly() == layer.rows() ? "all"
                : format("%d, else to %.2f %%", layer.fusedExactly(), 100 * layer.fusingError());
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
