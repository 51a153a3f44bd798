package org.multipoint.training;

/**
 * What can be rounded in a step of training, each kind to a format of its own. All but inputs, activations and errors are those of
 * convolutions, dense, output and recurrent layers; parameters of other layers, as BatchNormalization, stay in single precision.
 */
public enum TensorKind {

    /** What the network is given. */
    INPUTS,
    /** Weights and biases as the forward and the backward pass see them. */
    WEIGHTS,
    /** What layers and other vertices compute, but for the outputs of the network. */
    ACTIVATIONS,
    /** Derivatives of the scaled loss by activations, on their way back through the network. */
    ERRORS,
    /** Derivatives of the scaled loss by weights, summed over the examples of a batch. */
    GRADIENTS,
    /** What the optimizer subtracts from the master weights. */
    UPDATE,
    /** The weights that the optimizer changes. */
    MASTER
}
