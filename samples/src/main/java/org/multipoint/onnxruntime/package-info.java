/**
 * Networks on ONNX Runtime, in fp32 and quantized as its own quantizer does it: the peer that {@code bench} compares with.
 */
package org.multipoint.onnxruntime;
