package org.multipoint.datasets;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The 1,000 classes of ImageNet (ILSVRC 2012) in their usual order, that of the sorted WordNet ids. The list is not part of this library:
 * it is read from a file {@code labels.tsv}, 1,000 lines of index, WordNet id and name with tabs between them.
 */
public final class ImageNet {

    /** Number of classes. */
    public static final int CLASSES = 1000;

    private static final String LABELS = "labels.tsv";

    /** How far above an image folder the list is looked for. */
    private static final int LEVELS = 3;

    private ImageNet() {
    }

    /**
     * A class.
     *
     * @param index of the network's output, 0..999
     * @param wnid  WordNet id, as n01440764
     * @param name  English name
     */
    public record Label(int index, String wnid, String name) {
    }

    /**
     * Reads the list of classes.
     *
     * @throws IllegalArgumentException where the file is missing or is not such a list; the message names file and line
     */
    public static List<Label> labels(Path labelsTsv) {
        List<Label> labels = new ArrayList<>();
        for (String line : ClassFiles.lines(labelsTsv)) {
            String[] parts = line.split("\t");
            if (parts.length != 3 || !parts[0].equals(Integer.toString(labels.size())) || !parts[1].matches("n\\d{8}")) {
                throw new IllegalArgumentException(labelsTsv + ", line " + (labels.size() + 1) + ": expected index " + labels.size()
                        + ", WordNet id (n and 8 digits) and name with tabs between them, found \"" + line + "\"");
            }
            labels.add(new Label(labels.size(), parts[1], parts[2]));
        }
        if (labels.size() != CLASSES) {
            throw new IllegalArgumentException(labelsTsv + ": expected " + CLASSES + " lines, found " + labels.size());
        }
        return List.copyOf(labels);
    }

    /**
     * Images of some of the classes, with all 1,000 WordNet ids as labels. The list of classes is the {@code labels.tsv} in the folder or
     * up to three levels above it.
     *
     * @param root a folder for each WordNet id, or the image files (see {@link ImageFolder.Builder#groundTruth})
     * @throws IllegalArgumentException where no list of classes is found, or it is not one
     */
    public static ImageFolder.Builder subset(Path root, ImageView view) {
        Path folder = root.toAbsolutePath().normalize();
        for (int level = 0; level <= LEVELS && folder != null; level++, folder = folder.getParent()) {
            Path list = folder.resolve(LABELS);
            if (Files.isRegularFile(list)) {
                return ImageFolder.of(root, view).labels(labels(list).stream().map(Label::wnid).toList());
            }
        }
        throw new IllegalArgumentException("No " + LABELS + " in " + root + " or up to " + LEVELS + " folders above it: expected a "
                + "text file of " + CLASSES + " lines, each index, WordNet id and name with tabs between them");
    }
}
