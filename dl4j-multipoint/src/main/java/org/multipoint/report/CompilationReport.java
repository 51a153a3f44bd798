package org.multipoint.report;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * How a graph was cut into segments.
 *
 * @param segments in topological order
 * @param outside  vertices that are in no segment, with the reason
 * @param warnings where the compiled graph differs from its source in more than rounding, by vertex or property
 */
public record CompilationReport(List<Segment> segments, Map<String, String> outside, Map<String, String> warnings) {

    /**
     * One segment.
     *
     * @param name     the vertex that it became
     * @param integer  true where some of its operations run on integers
     * @param vertices vertices of the source that it stands for
     * @param ends     what it ends at, with the reason: readers of its output, and what it reads
     */
    public record Segment(String name, boolean integer, List<String> vertices, Map<String, String> ends) {
    }

    @Override
    public String toString() {
        String inside = segments.stream().map(s -> "segment \"" + s.name + "\" (" + (s.integer ? "int8" : "fp32") + "): "
                + String.join(", ", s.vertices) + s.ends.entrySet().stream()
                .map(e -> "\n  ends at \"" + e.getKey() + "\": " + e.getValue()).collect(Collectors.joining()))
                .collect(Collectors.joining("\n"));
        return inside + outside.entrySet().stream().map(e -> "\noutside: \"" + e.getKey() + "\" (" + e.getValue() + ")")
                .collect(Collectors.joining())
                + warnings.entrySet().stream().map(e -> "\nwarning: " + e.getKey() + " (" + e.getValue() + ")").collect(Collectors.joining());
    }
}
