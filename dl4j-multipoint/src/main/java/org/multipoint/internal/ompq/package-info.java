/**
 * OMPQ (Ma et al., "OMPQ: Orthogonal Mixed Precision Quantization", AAAI 2023, arXiv 2109.07865): how orthogonal the outputs of layers are,
 * and the width of each layer's codes by linear programming.
 */
package org.multipoint.internal.ompq;
