/**
 * Runs linear operations, and programs of several operations, on integers or floats. There are two implementations of the same arithmetic:
 * oneDNN, an optional dependency, and ND4J. Knows neither graphs nor files. Internal: may change in any release.
 */
package org.multipoint.internal.engine;
