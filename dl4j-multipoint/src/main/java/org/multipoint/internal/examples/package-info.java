/**
 * Where calibration examples live, and how work gets to them: on this machine, or in parts on many. What is computed of them are sums that
 * merge, and activations of two networks that stay where the examples are. Internal: may change with any release.
 */
package org.multipoint.internal.examples;
