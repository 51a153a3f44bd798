package org.multipoint.report;

import com.github.freva.asciitable.AsciiTable;
import com.github.freva.asciitable.Column;
import com.github.freva.asciitable.HorizontalAlign;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.SerializationFeature;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What a transformation did.
 *
 * @param layers          quantized operations, in topological order
 * @param kept            what stays in fp32, with the reason
 * @param warnings        what a user should look at, by layer: few samples, values that differ from the source model's
 * @param floatParameters parameters that stay in fp32: biases and all of the layers that were kept
 * @param provenance      configuration, calibration data and program version
 */
public record MultipointReport(List<LayerReport> layers, Map<String, String> kept, Map<String, String> warnings,
                               long floatParameters, Map<String, String> provenance) {

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

    /** All of it as aligned text. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(AsciiTable.getTable(AsciiTable.BASIC_ASCII_NO_DATA_SEPARATORS, layers, List.of(
                text("layer", LayerReport::name),
                text("kind", LayerReport::kind),
                number("rows", l -> String.valueOf(l.rows())),
                number("fan-in", l -> String.valueOf(l.columns())),
                number("bits", l -> String.valueOf(l.bits())),
                text("points: rows", l -> IntStream.range(0, l.pointsPerRow().size())
                        .filter(i -> l.pointsPerRow().get(i) > 0)
                        .mapToObj(i -> (i + 1) + ": " + l.pointsPerRow().get(i)).collect(Collectors.joining("  "))),
                number("bits/weight", l -> format("%.2f", l.bitsPerWeight())),
                number("output error", l -> format("%.2e", l.outputError())),
                number("fused exactly", l -> l.fusedExactly() == l.rows() ? "all"
                        : l.fusedExactly() + "/" + l.rows() + format(", else to %.2f %%", 100 * l.fusingError())))));
        text.append('\n').append(format("%,d weights in %,d bytes: %.3f bits per weight, %.3f codes per weight; %,d fp32 parameters "
                + "besides", weights(), storedBytes(), storedBitsPerWeight(), codesPerWeight(), floatParameters));
        kept.forEach((name, why) -> text.append('\n').append("kept in fp32: ").append(name).append(" (").append(why).append(')'));
        warnings.forEach((name, what) -> text.append('\n').append("warning: ").append(name).append(" (").append(what).append(')'));
        text.append('\n').append("made by ").append(provenance.entrySet().stream()
                .map(e -> e.getKey() + " " + e.getValue()).collect(Collectors.joining(", ")));
        return text.toString();
    }

    private static com.github.freva.asciitable.ColumnData<LayerReport> text(String header, Function<LayerReport, String> value) {
        return new Column().header(header).dataAlign(HorizontalAlign.LEFT).with(value);
    }

    private static com.github.freva.asciitable.ColumnData<LayerReport> number(String header, Function<LayerReport, String> value) {
        return new Column().header(header).dataAlign(HorizontalAlign.RIGHT).with(value);
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
