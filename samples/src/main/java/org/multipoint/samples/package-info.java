/**
 * Programs that show the plugin at work, one class for each command of {@link org.multipoint.samples.Samples}, and what the commands share.
 * They use the public API of the plugin; nothing rests on them.
 */
package org.multipoint.samples;
