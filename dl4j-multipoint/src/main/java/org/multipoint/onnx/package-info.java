/**
 * Export to ONNX.
 */
package org.multipoint.onnx;
