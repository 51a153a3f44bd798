/**
 * The mathematics of quantization: weights and statistics in, points out. Target matching, GPTQ rounding, step search, the paper's greedy
 * points, baselines, and the allocation of points to rows. Knows no networks. Internal: may change in any release.
 */
package org.multipoint.internal.quantizer;
