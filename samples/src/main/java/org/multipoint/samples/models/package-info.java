/**
 * Networks for the samples whose published weights are in formats that Deeplearning4j does not read: NumPy archives and PyTorch checkpoints.
 */
package org.multipoint.samples.models;
