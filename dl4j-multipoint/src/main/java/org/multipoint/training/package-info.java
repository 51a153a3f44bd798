/**
 * Training of Deeplearning4j networks in number formats of few bits: {@link org.multipoint.training.LowPrecision} makes a network that
 * rounds its weights, activations, errors and gradients, with loss scaling. Public API.
 */
package org.multipoint.training;
