/**
 * Compiles a graph for inference: {@link org.multipoint.segments.Segments} replaces connected parts of it by single vertices that run as one
 * program on the engine. The names of the vertex classes are part of the format of saved models. Rests on the layers, the graph package and
 * the engine. Public API.
 */
package org.multipoint.segments;
