/**
 * Pages as text: elements of HTML and SVG, and charts of plain values. Internal: may change in any release.
 */
package org.multipoint.internal.html;
