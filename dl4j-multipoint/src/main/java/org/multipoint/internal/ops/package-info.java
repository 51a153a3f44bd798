/**
 * The common description of a linear operation: its geometry, its window, the quantization of its input, and tensors on the Java heap. Every
 * layer kind maps to it, and every other package builds on it. Internal: may change in any release.
 */
package org.multipoint.internal.ops;
