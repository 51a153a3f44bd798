/**
 * Exports graphs to ONNX, in fp32 and in 8-bit integers, and runs them on ONNX Runtime: the peer that {@code bench} compares with. Rests on the
 * plugin's segments and programs.
 */
package org.multipoint.onnx;
