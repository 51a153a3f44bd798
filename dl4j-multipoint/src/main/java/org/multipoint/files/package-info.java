/**
 * Models as files: written as a whole or not at all, and read within bounds. Public API.
 */
package org.multipoint.files;
