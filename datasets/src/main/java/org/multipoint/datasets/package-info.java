/**
 * Labelled images as Deeplearning4j iterators. Knows nothing of the plugin. Public API of the module {@code multipoint-datasets}.
 *
 * <p>Images come from files ({@link org.multipoint.datasets.ImageFolder}, with the classes of {@link org.multipoint.datasets.ImageNet} where
 * they are ImageNet's) or from a generator ({@link org.multipoint.datasets.SyntheticImages}). Background threads decode or draw an image
 * ({@link org.multipoint.datasets.RgbImage}), and crop, resize and normalize it to a network's input
 * ({@link org.multipoint.datasets.ImageView}); an {@link org.multipoint.datasets.ImageIterator} makes batches of the results.
 *
 * <p>Images with objects come from files as well ({@link org.multipoint.datasets.DetectionFolder}, labels in one of the formats of
 * {@link org.multipoint.datasets.BoxFormat}) or from a generator ({@link org.multipoint.datasets.SyntheticScenes}). Their boxes follow the geometry of
 * the view ({@link org.multipoint.datasets.Framing}); each example carries them as its {@link org.multipoint.datasets.Scene}.
 */
package org.multipoint.datasets;
