/**
 * From the outputs of detectors and segmentation networks to figures: decoding, suppression, average precision, overlap of masks. Knows
 * nothing of the plugin. Public API of the module {@code multipoint-datasets}.
 *
 * <p>A {@link org.multipoint.detection.DetectionHead} makes {@link org.multipoint.detection.Detection}s of a network's output arrays,
 * {@link org.multipoint.detection.Suppression} keeps one for each object, and {@link org.multipoint.detection.AveragePrecision} compares them
 * with the objects that are there. Boxes are those of {@link org.multipoint.datasets.Box}, in shares of the network's square input.
 *
 * <p>Of Deeplearning4j's YoloUtils, {@code activate} serves, within Yolo2OutputLayer. {@code getPredictedObjects} reads NCHW only, gives the confidence
 * without the probability of the class, and its class predictions were empty arrays where we tried them (1.0.0-M2.1); {@code nms} depends on the
 * order of the objects: one that is itself suppressed may suppress others.
 */
package org.multipoint.detection;
