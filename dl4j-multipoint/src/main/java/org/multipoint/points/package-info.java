/**
 * A weight matrix whose rows are sums of low-bit vectors: code grids, scales, the versioned binary form, the stored size, and fusing into
 * int8 rows. Plain arrays; rests on no other package. Public API.
 */
package org.multipoint.points;
