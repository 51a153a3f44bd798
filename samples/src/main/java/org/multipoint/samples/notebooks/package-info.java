/**
 * Short programs, each to be read from top to bottom: what people do with the plugin, step by step. Each is a notebook as well
 * ({@code samples/notebooks}) and a page of the documentation ({@code docs/notebooks}), both made of the program.
 */
package org.multipoint.samples.notebooks;
