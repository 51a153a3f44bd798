package org.multipoint.segments;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.multipoint.report.CompilationReport;

/**
 * A graph whose segments each run in one piece.
 *
 * @param graph  a new graph with the inputs, outputs and names of outputs of its source
 * @param report which vertices became which segment, and where segments end
 */
public record CompiledGraph(ComputationGraph graph, CompilationReport report) {
}
