/**
 * Objects in the JSON of Deeplearning4j's configurations that carry a format version. Rests on no other package. Internal: may change in any
 * release.
 */
package org.multipoint.internal.json;
