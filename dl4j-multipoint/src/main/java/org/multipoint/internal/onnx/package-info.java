/**
 * Programs and graphs as ONNX. Internal: may change in any release.
 */
package org.multipoint.internal.onnx;
