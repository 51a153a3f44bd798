/**
 * BSQ (Yang et al., "BSQ: Exploring Bit-Level Sparsity for Mixed-Precision Neural Network Quantization", ICLR 2021, arXiv 2102.10462):
 * training that empties bit planes of weights, so that each layer ends with a width of its own.
 */
package org.multipoint.training.bsq;
