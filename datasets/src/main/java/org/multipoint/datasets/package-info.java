/**
 * Labelled images as DL4J iterators.
 *
 * <p>An image is decoded or drawn ({@link org.multipoint.datasets.RgbImage}), cropped, resized and normalized by an
 * {@link org.multipoint.datasets.ImageView} into a network's input, both in background threads, and batched by an
 * {@link org.multipoint.datasets.ImageIterator}. Images come from files ({@link org.multipoint.datasets.ImageFolder}, with the classes of
 * {@link org.multipoint.datasets.ImageNet} where they are of ImageNet) or from a generator
 * ({@link org.multipoint.datasets.SyntheticImages}).
 */
package org.multipoint.datasets;
