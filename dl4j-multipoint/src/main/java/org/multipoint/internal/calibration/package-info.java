/**
 * Statistics of a layer's inputs: value ranges and first and second moments, streamed, mergeable and bounded in memory, and the reading of
 * calibration batches. Rests on {@link org.multipoint.internal.ops}; knows no networks. Internal: may change in any release.
 */
package org.multipoint.internal.calibration;
