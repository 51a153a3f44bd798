package org.multipoint.report;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How a graph was partitioned into segments. Immutable.
 *
 * @param segments in topological order
 * @param outside  vertices that are in no segment, with the reason
 * @param warnings where the compiled graph differs from its source in more than rounding, by vertex or property
 */
public record CompilationReport(List<CompiledSegment> segments, Map<String, String> outside, Map<String, String> warnings) {

    public CompilationReport {
        segments = List.copyOf(segments);
        outside = Collections.unmodifiableMap(new LinkedHashMap<>(outside));
        warnings = Collections.unmodifiableMap(new LinkedHashMap<>(warnings));
    }

    /**
     * One segment.
     *
     * @param name     the vertex that it became
     * @param integer  true where some of its operations run on integers
     * @param vertices vertices of the source that it stands for
     * @param ends     the vertices at its boundary, with the reason: readers of its output, and those whose output it reads
     */
    public record CompiledSegment(String name, boolean integer, List<String> vertices, Map<String, String> ends) {

        public CompiledSegment {
            vertices = List.copyOf(vertices);
            ends = Collections.unmodifiableMap(new LinkedHashMap<>(ends));
        }
    }

    /** The whole report as text. */
    @Override
    public String toString() {
        return ReportText.of(this);
    }
}
