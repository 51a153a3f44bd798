/**
 * Deeplearning4j layers that store their weights as points, and the kinds of plain layers that they replace. The names of the layer classes
 * are part of the format of saved models. Rests on {@link org.multipoint.internal.engine} for the arithmetic. Public API.
 */
package org.multipoint.layers;
