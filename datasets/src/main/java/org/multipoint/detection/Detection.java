package org.multipoint.detection;

import org.multipoint.datasets.Box;

/**
 * An object that a network finds.
 *
 * @param box   where it is
 * @param label index of its class
 * @param score how sure the network is, 0..1
 */
public record Detection(Box box, int label, double score) {
}
