/**
 * The entry point: {@link org.multipoint.transform.Multipoint} takes a trained model and calibration data and gives a transformed model with its
 * report. It rests on every other package; nothing rests on it. Public API.
 */
package org.multipoint.transform;
