package org.multipoint.report;

import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.SerializationFeature;
import org.nd4j.shade.jackson.databind.node.ArrayNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** A report as one JSON object: its sums over all layers, then its components by name. */
final class ReportJson {

    private ReportJson() {
    }

    static String of(MultipointReport report) {
        ObjectMapper mapper = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
        ObjectNode root = mapper.createObjectNode();
        root.put("weights", report.weights());
        root.put("storedBytes", report.storedBytes());
        root.put("storedBitsPerWeight", report.storedBitsPerWeight());
        root.put("notionalBitsPerWeight", report.notionalBitsPerWeight());
        root.put("codesPerWeight", report.codesPerWeight());
        root.put("floatParameters", report.floatParameters());
        root.set("layers", mapper.valueToTree(report.layers()));
        root.set("kept", mapper.valueToTree(report.kept()));
        root.set("warnings", mapper.valueToTree(report.warnings()));
        root.set("provenance", mapper.valueToTree(report.provenance()));
        ArrayNode measurements = root.putArray("measurements");
        report.measurements().forEach(m -> measurements.add(measurement(mapper, m)));
        return text(mapper, root);
    }

    static String of(SensitivityReport report) {
        return text(new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT), report);
    }

    private static String text(ObjectMapper mapper, Object value) {
        try {
            return mapper.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** JSON has no NaN: there is no figure of the source model where nothing is told of one. */
    private static ObjectNode measurement(ObjectMapper mapper, Measurement measurement) {
        ObjectNode node = mapper.valueToTree(measurement);
        return measurement.hasBefore() ? node : node.without("before");
    }
}
