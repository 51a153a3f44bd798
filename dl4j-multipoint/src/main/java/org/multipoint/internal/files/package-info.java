/**
 * Files that appear as a whole or not at all. Internal: may change in any release.
 */
package org.multipoint.internal.files;
