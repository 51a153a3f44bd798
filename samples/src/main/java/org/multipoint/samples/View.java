package org.multipoint.samples;

import org.multipoint.datasets.ImageView;
import org.multipoint.datasets.Resampling;

import java.util.Arrays;
import java.util.Locale;
import java.util.function.IntFunction;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** How images of any size become the inputs of a network. */
enum View {

    /** The whole image, without regard to its aspect ratio: what ImageRecordReader and Keras do. */
    STRETCH(view -> view.stretch(Resampling.BILINEAR), null),
    /** The middle of the image. */
    CROP(view -> view, null),
    /** The whole image, with grey around it. */
    LETTERBOX(view -> view.letterbox(Resampling.BILINEAR, 114), null),
    /** The whole image, with black beside it. */
    PAD(view -> view.padThenResize(Resampling.BILINEAR, 0), null),

    CIFAR10(null, size -> ImageView.cifar10()),
    EFFICIENTNET_LITE(null, ImageView::efficientNetLite),
    KERAS(null, ImageView::keras),
    CAFFE(null, ImageView::caffe),
    TORCHVISION(null, ImageView::torchvision);

    private final UnaryOperator<ImageView.Builder> geometry;
    private final IntFunction<ImageView> published;

    /**
     * @param geometry  of networks whose pixels are scaled as options say, or null
     * @param published the view of a published network for a size, or null
     */
    View(UnaryOperator<ImageView.Builder> geometry, IntFunction<ImageView> published) {
        this.geometry = geometry;
        this.published = published;
    }

    /** Whether it is all the preprocessing of published networks, the scaling of pixels included. */
    boolean isPublished() {
        return published != null;
    }

    /** Names of the views that are published, or of the others. */
    static String names(boolean published) {
        return Arrays.stream(values()).filter(view -> view.isPublished() == published).map(View::toString).collect(Collectors.joining(", "));
    }

    /**
     * The view of a published network.
     *
     * @param size height and width of the network's input
     */
    ImageView ofSize(int size) {
        return published.apply(size);
    }

    /**
     * The view of a network of another kind, to which a scaling of pixels is to be added.
     *
     * @param size height and width of the network's input
     */
    ImageView.Builder geometry(int size) {
        return geometry.apply(new ImageView.Builder(toString(), size));
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
