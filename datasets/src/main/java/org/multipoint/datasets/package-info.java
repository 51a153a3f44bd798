/**
 * Images as DL4J iterators. {@link org.multipoint.datasets.ImageFolder} reads image files,
 * {@link org.multipoint.datasets.ImageNet} knows the ImageNet classes, an {@link org.multipoint.datasets.ImageView} turns an image into a
 * network's input.
 */
package org.multipoint.datasets;
