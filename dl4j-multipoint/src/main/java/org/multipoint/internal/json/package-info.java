/**
 * Versioned objects in the JSON of Deeplearning4j's configurations. Internal: may change in any release.
 */
package org.multipoint.internal.json;
