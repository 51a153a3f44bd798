/**
 * Tables as text of a given width. Internal: may change in any release.
 */
package org.multipoint.internal.text;
