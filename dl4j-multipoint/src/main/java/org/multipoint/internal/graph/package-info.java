/**
 * Reading and editing Deeplearning4j graphs: a copy that can be changed, traversal and evaluation vertex by vertex, the vertices that can be
 * quantized, and folding of batch normalization. Rests on {@link org.multipoint.layers}. Internal: may change in any release.
 */
package org.multipoint.internal.graph;
