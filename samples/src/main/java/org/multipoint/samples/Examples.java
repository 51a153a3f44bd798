package org.multipoint.samples;

import org.multipoint.datasets.ImageArrays;
import org.multipoint.datasets.ImageArrays.Labelled;
import org.multipoint.datasets.ImageFiles;
import org.multipoint.datasets.ImageList;
import org.multipoint.datasets.ImageView;
import org.multipoint.samples.Network.Inputs;
import org.nd4j.linalg.api.ndarray.INDArray;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a network from a file is run on: images, or vectors.
 *
 * @param data  what they are read by; closed with this
 * @param place folder of the images, or file of the vectors
 * @param lines of that file, one for each vector; of images none
 * @param seen  how the network sees images; empty for vectors
 */
record Examples(ImageList data, Path place, List<Integer> lines, String seen) implements AutoCloseable {

    private static final int BATCH = 32;

    static Examples ofImages(ImageFiles images, Path folder, ImageView view) {
        return new Examples(images, folder, List.of(), view.toString());
    }

    /**
     * Vectors from a text file, normalized as the file of the network says.
     *
     * @param network that takes them
     * @param model   file of the network
     * @param most    lines, spread evenly
     * @param classes of the network, where the lines tell one; otherwise empty
     * @throws IllegalArgumentException where the network does not take vectors
     * @throws IOException              as {@link CsvRows#read}
     */
    static Examples ofVectors(Path file, Network network, Path model, OptionalInt most, Optional<ClassNames> classes) throws IOException {
        int columns = network.inputs().filter(i -> !i.images()).map(Inputs::values)
                .orElseThrow(() -> new IllegalArgumentException(model + " does not take vectors: give images"));
        List<CsvRows.Row> rows = CsvRows.read(file, columns, most, classes);
        ImageList data = classes.isPresent()
                ? ImageArrays.of(file.toString(), rows.stream().map(r -> new Labelled(r.values(), r.label())).toList(), classes.get().ids(),
                        BATCH, columns)
                : ImageArrays.unlabelled(file.toString(), rows.stream().map(CsvRows.Row::values).toList(), BATCH, columns);
        SavedModel.normalizer(model).ifPresent(data::setPreProcessor);
        return new Examples(data, file, rows.stream().map(CsvRows.Row::line).toList(), "");
    }

    int count() {
        return data.totalExamples();
    }

    /** What one of them is called. */
    String one() {
        return lines.isEmpty() ? "image" : "vector";
    }

    /** What several of them are called. */
    String kind() {
        return one() + "s";
    }

    /** What tells those that could be read so far from others of the same place, in the order of a pass. */
    List<String> names() {
        if (data instanceof ImageFiles images) {
            List<Path> files = new ArrayList<>(images.files());
            files.removeAll(images.skipped().keySet());
            return files.stream().map(file -> place.relativize(file).toString()).toList();
        }
        return lines.stream().map(line -> "line " + line).toList();
    }

    /** One of {@link #names} with its place. */
    String inFull(String name) {
        return lines.isEmpty() ? place.resolve(name).toString() : place + ", " + name;
    }

    /** The first ones of a pass, as many as are timed together. */
    INDArray some() {
        data.reset();
        return Evaluations.someOf(data.next().getFeatures());
    }

    /**
     * Two disjoint parts of the data, see {@link ImageList#split}.
     *
     * @param first examples of the first part
     */
    List<? extends ImageList> split(int first) {
        List<? extends ImageList> parts = data.split(first);
        parts.forEach(part -> part.setPreProcessor(data.getPreProcessor()));
        return parts;
    }

    /** Says which files could not be read. */
    void saySkipped(Notebook notebook) {
        ImageSets.saySkipped(data, notebook);
    }

    /** A description: how many there are, and how they are seen. */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%,d %s", count(), kind()) + (seen.isEmpty() ? "" : ", as " + seen);
    }

    @Override
    public void close() {
        data.close();
    }
}
