package org.multipoint.samples.notebooks;

/**
 * A cell of a notebook.
 *
 * @param isCode whether it is code rather than Markdown
 */
record Cell(boolean isCode, String text) {
}
