package org.multipoint.datasets;

import org.datavec.image.loader.NativeImageLoader;
import org.deeplearning4j.nn.conf.CNN2DFormat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.MalformedInputException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A folder of image files as a DL4J iterator, in one of two layouts: a folder for each class, named by the class, or all files in one folder
 * with the truth in a text file.
 *
 * <p>Images come interleaved over the classes: the first file (by name) of each class, then the second of each, and so on. A file that
 * cannot be decoded is left out and told by {@link #skipped}.
 *
 * <p>DataVec's ImageRecordReader gives BGR, resizes without antialiasing and ends a whole batch for one corrupt file; its codecs and list of
 * formats are used here, the rest is not.
 */
public final class ImageFolder extends ImageIterator {

    private static final Set<String> EXTENSIONS = Set.of(NativeImageLoader.ALLOWED_FORMATS);

    private final Path root;
    private final ImageView view;
    private final CNN2DFormat format;
    private final List<Labelled> files;
    private final int absent;
    private final Map<Path, String> skipped;

    private record Labelled(Path file, int label) {
    }

    private ImageFolder(Builder builder, List<String> labels, List<Labelled> files, Map<Path, String> absent) {
        super(labels, builder.view.size(), builder.format, builder.batchSize, files.size());
        this.root = builder.root;
        this.view = builder.view;
        this.format = builder.format;
        this.files = files;
        this.absent = absent.size();
        this.skipped = new LinkedHashMap<>(absent);
    }

    /**
     * @param root the folder of the class folders, or of the image files (see {@link Builder#groundTruth})
     * @param view what the network sees of each image
     */
    public static Builder of(Path root, ImageView view) {
        return new Builder(root, view);
    }

    /**
     * Files that were left out so far, each with the reason: those the ground truth names and the folder has not, and those that could not be
     * decoded in the passes until now.
     */
    public Map<Path, String> skipped() {
        return Collections.unmodifiableMap(skipped);
    }

    @Override
    float[] features(int example) throws IOException {
        Path file = files.get(example).file;
        RgbImage image = RgbImage.decode(Files.readAllBytes(file));
        try {
            return view.apply(image, format);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(file + ": " + e.getMessage(), e);
        }
    }

    @Override
    int label(int example) {
        return files.get(example).label;
    }

    @Override
    void skip(int example, IOException reason) {
        Path file = files.get(example).file;
        // The message of a file system's exception is the path alone.
        skipped.put(file, reason instanceof FileSystemException ? reason.getClass().getSimpleName() : reason.getMessage());
        if (skipped.size() == absent + files.size()) {
            throw new IllegalStateException("None of the " + files.size() + " images of " + root + " can be read; " + file + ": "
                    + skipped.get(file));
        }
    }

    /** Format NCHW, 32 images a batch, all images, and classes by sorted folder name, unless told otherwise. */
    public static final class Builder {

        private final Path root;
        private final ImageView view;
        private CNN2DFormat format = CNN2DFormat.NCHW;
        private int batchSize = 32;
        private int limit = Integer.MAX_VALUE;
        private List<String> labels;
        private Path groundTruth;

        private Builder(Path root, ImageView view) {
            this.root = root;
            this.view = view;
        }

        /** Layout of the features. */
        public Builder format(CNN2DFormat format) {
            this.format = format;
            return this;
        }

        /** Images in a batch, at least 1. */
        public Builder batchSize(int batchSize) {
            this.batchSize = batchSize;
            return this;
        }

        /**
         * At most so many images, spread evenly over the classes that have images.
         *
         * @throws IllegalArgumentException where it is below 1
         */
        public Builder limit(int limit) {
            if (limit < 1) {
                throw new IllegalArgumentException("A limit of " + limit + " images: expected at least 1");
            }
            this.limit = limit;
            return this;
        }

        /**
         * Names of the classes in the order of the network's outputs. Classes without images are allowed, images without a class are not.
         *
         * @throws IllegalArgumentException where a name occurs twice
         */
        public Builder labels(List<String> labels) {
            Set<String> seen = new HashSet<>();
            for (String label : labels) {
                if (!seen.add(label)) {
                    throw new IllegalArgumentException("The class " + label + " occurs twice in the labels");
                }
            }
            this.labels = List.copyOf(labels);
            return this;
        }

        /**
         * The folder holds image files, and this text file the class of each: lines of a file name (relative to the folder) and a class, which
         * is a name or else an index, with a tab or the last white space of the line between them. Empty lines do not count. Without
         * {@link #labels}, the classes are the sorted names of the file, or 0..n where all are indices.
         */
        public Builder groundTruth(Path file) {
            this.groundTruth = file;
            return this;
        }

        /**
         * Lists the images; they are read while the iterator runs.
         *
         * @throws IllegalArgumentException where the folder or the ground truth is missing, is not what it should be, has no image, or has an
         *                                  image of a class that the labels do not have; or the batch size is below 1
         * @throws UncheckedIOException     where the folder or the ground truth cannot be read
         */
        public ImageFolder build() {
            if (!Files.isDirectory(root)) {
                throw new IllegalArgumentException("The image folder " + root + (Files.exists(root) ? " is not a folder"
                        : " does not exist"));
            }
            Map<Path, String> absent = new LinkedHashMap<>();
            List<String> names = labels;
            List<List<Path>> classes;
            if (groundTruth == null) {
                Map<String, List<Path>> found = classFolders();
                names = names == null ? List.copyOf(found.keySet()) : names;
                classes = byLabel(found, names, root);
            } else {
                Map<String, List<Path>> found = truth(absent);
                names = names == null ? namesOf(found.keySet()) : names;
                classes = byLabel(found, names, groundTruth);
            }
            List<Labelled> files = interleave(classes, limit);
            if (files.isEmpty()) {
                throw new IllegalArgumentException("The image folder " + root + " has no image: expected files "
                        + (groundTruth == null ? "in a folder for each class, " : "named by " + groundTruth + ", ")
                        + "of one of the formats " + Arrays.toString(NativeImageLoader.ALLOWED_FORMATS));
            }
            return new ImageFolder(this, names, files, absent);
        }

        private Map<String, List<Path>> classFolders() {
            Map<String, List<Path>> found = new TreeMap<>();
            for (Path folder : list(root, Files::isDirectory)) {
                found.put(folder.getFileName().toString(), list(folder, Builder::isImage));
            }
            return found;
        }

        private static List<Path> list(Path folder, java.util.function.Predicate<Path> wanted) {
            try (Stream<Path> entries = Files.list(folder)) {
                return entries.filter(wanted).filter(path -> !path.getFileName().toString().startsWith(".")).sorted().toList();
            } catch (IOException e) {
                throw new UncheckedIOException("The folder " + folder + " cannot be read", e);
            }
        }

        private static boolean isImage(Path path) {
            String name = path.getFileName().toString().toLowerCase(Locale.ROOT);
            return EXTENSIONS.contains(name.substring(name.lastIndexOf('.') + 1)) && Files.isRegularFile(path);
        }

        private Map<String, List<Path>> truth(Map<Path, String> absent) {
            Map<String, List<Path>> found = new TreeMap<>();
            List<String> lines = readLines(groundTruth);
            for (int i = 0; i < lines.size(); i++) {
                String line = lines.get(i).strip();
                if (line.isEmpty()) {
                    continue;
                }
                String[] parts = line.split(line.indexOf('\t') >= 0 ? "\t+" : "\\s+(?=\\S+$)", 2);
                if (parts.length != 2) {
                    throw new IllegalArgumentException(groundTruth + ", line " + (i + 1) + ": expected a file name and a class, found \""
                            + line + "\"");
                }
                Path file = root.resolve(parts[0]);
                List<Path> ofClass = found.computeIfAbsent(parts[1], label -> new ArrayList<>());
                if (Files.isRegularFile(file)) {
                    ofClass.add(file);
                } else {
                    absent.put(file, "named by " + groundTruth.getFileName() + ", line " + (i + 1) + ", and not there");
                }
            }
            found.values().forEach(Collections::sort);
            return found;
        }

        private static List<String> namesOf(Set<String> labels) {
            int last = -1;
            for (String label : labels) {
                int index = index(label);
                if (index < 0) {
                    return List.copyOf(labels);
                }
                last = Math.max(last, index);
            }
            return IntStream.rangeClosed(0, last).mapToObj(Integer::toString).toList();
        }

        /** The files of each label. A class that is no name among the labels counts as an index where the layout has a ground truth. */
        private List<List<Path>> byLabel(Map<String, List<Path>> found, List<String> names, Path source) {
            Map<String, Integer> indices = new HashMap<>();
            List<List<Path>> classes = new ArrayList<>();
            for (String name : names) {
                indices.put(name, indices.size());
                classes.add(new ArrayList<>());
            }
            found.forEach((name, files) -> {
                int index = indices.containsKey(name) ? indices.get(name) : groundTruth == null ? -1 : index(name);
                if (index < 0 || index >= names.size()) {
                    throw new IllegalArgumentException(source + ": the class " + name + " is not one of the " + names.size()
                            + " labels");
                }
                classes.get(index).addAll(files);
            });
            return classes;
        }

        /** Value of a class index of at most six digits, or -1. */
        private static int index(String label) {
            return label.matches("\\d{1,6}") ? Integer.parseInt(label) : -1;
        }

        private static List<Labelled> interleave(List<List<Path>> classes, int limit) {
            List<Labelled> chosen = new ArrayList<>();
            for (int round = 0; chosen.size() < limit; round++) {
                List<Labelled> candidates = new ArrayList<>();
                for (int label = 0; label < classes.size(); label++) {
                    if (round < classes.get(label).size()) {
                        candidates.add(new Labelled(classes.get(label).get(round), label));
                    }
                }
                if (candidates.isEmpty()) {
                    break;
                }
                int wanted = Math.min(candidates.size(), limit - chosen.size());
                for (int i = 0; i < wanted; i++) {
                    chosen.add(candidates.get((int) ((long) i * candidates.size() / wanted)));
                }
            }
            return chosen;
        }
    }

    /**
     * Lines of a UTF-8 text file.
     *
     * @throws IllegalArgumentException where it is missing or no text
     * @throws UncheckedIOException     where it cannot be read
     */
    static List<String> readLines(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new IllegalArgumentException("The file " + file + " does not exist");
        }
        try {
            return Files.readAllLines(file);
        } catch (MalformedInputException e) {
            throw new IllegalArgumentException("The file " + file + " is not UTF-8 text", e);
        } catch (IOException e) {
            throw new UncheckedIOException("The file " + file + " cannot be read", e);
        }
    }
}
