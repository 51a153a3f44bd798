/**
 * Matrix products and triangular factors of matrices on the Java heap, computed by ND4J's BLAS and LAPACK. Internal: may change in any
 * release.
 */
package org.multipoint.internal.linalg;
