/**
 * What a transformation or a compilation did, as plain values with a JSON form, and their rendering as text. Rests on
 * {@link org.multipoint.options} and {@link org.multipoint.points} for the values that it repeats. Public API.
 */
package org.multipoint.report;
