package org.multipoint.internal.quantizer;

import java.util.List;

/** Decides how many points each row of a network gets. */
public interface Allocation {

    /**
     * @param layers output errors by number of points, layer by layer
     * @return number of points of each row of each layer, each between 1 and the number of errors given for the row
     */
    int[][] allocate(List<ErrorCurves> layers);
}
