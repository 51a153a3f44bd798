package org.multipoint.datasets;

import java.io.Serializable;

/**
 * An object that is in an image.
 *
 * @param box       where it is
 * @param label     index of its class
 * @param difficult whether a detector is neither rewarded for finding it nor punished for missing it, as PASCAL VOC has it
 */
public record LabelledBox(Box box, int label, boolean difficult) implements Serializable {
}
