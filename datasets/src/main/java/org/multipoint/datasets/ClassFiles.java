package org.multipoint.datasets;

import org.datavec.image.loader.NativeImageLoader;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The image files of a folder by class, in one of the layouts of {@link ImageFolder}. Nothing is decoded. */
final class ClassFiles {

    private static final Set<String> EXTENSIONS = Set.of(NativeImageLoader.ALLOWED_FORMATS);

    private final Path source;
    /** Whether a class may be given by its index. */
    private final boolean indices;
    /** Files sorted by name, for each class that the layout names. */
    private final Map<String, List<Path>> byClass = new TreeMap<>();
    private final Map<Path, String> absent = new LinkedHashMap<>();

    /** A file and the index of its class. */
    record Labelled(Path file, int label) {
    }

    private ClassFiles(Path source, boolean indices) {
        this.source = source;
        this.indices = indices;
    }

    /**
     * A folder for each class.
     *
     * @throws UncheckedIOException where a folder cannot be read
     */
    static ClassFiles inFolders(Path root) {
        ClassFiles found = new ClassFiles(root, false);
        for (Path folder : list(root, Files::isDirectory)) {
            found.byClass.put(folder.getFileName().toString(), images(folder));
        }
        return found;
    }

    /**
     * One folder, with a function that tells the class of each file.
     *
     * @throws UncheckedIOException where the folder cannot be read
     */
    static ClassFiles told(Path root, Function<Path, String> classOf) {
        ClassFiles found = new ClassFiles(root, false);
        for (Path file : images(root)) {
            found.byClass.computeIfAbsent(classOf.apply(file), name -> new ArrayList<>()).add(file);
        }
        return found;
    }

    /**
     * Image files of a folder, sorted by name.
     *
     * @throws UncheckedIOException where the folder cannot be read
     */
    static List<Path> images(Path folder) {
        return list(folder, ClassFiles::isImage);
    }

    private static List<Path> list(Path folder, Predicate<Path> wanted) {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(path -> !path.getFileName().toString().startsWith(".")).filter(wanted).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException("The folder " + folder + " cannot be read", e);
        }
    }

    private static boolean isImage(Path path) {
        String name = path.getFileName().toString().toLowerCase(Locale.ROOT);
        return EXTENSIONS.contains(name.substring(name.lastIndexOf('.') + 1)) && Files.isRegularFile(path);
    }

    /**
     * One folder, with the class of each file in a text file.
     *
     * @throws IllegalArgumentException where the text file is missing, or has a line without a class, or a file twice
     * @throws UncheckedIOException     where the text file cannot be read
     */
    static ClassFiles named(Path groundTruth, Path root) {
        ClassFiles found = new ClassFiles(groundTruth, true);
        Set<Path> seen = new HashSet<>();
        List<String> lines = lines(groundTruth);
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.isEmpty()) {
                continue;
            }
            String where = groundTruth + ", line " + (i + 1);
            String[] parts = line.split(line.indexOf('\t') >= 0 ? "\t+" : "\\s+(?=\\S+$)", 2);
            if (parts.length != 2) {
                throw new IllegalArgumentException(where + ": expected a file name and a class, found \"" + line + "\"");
            }
            Path file = root.resolve(parts[0]);
            if (!seen.add(file)) {
                throw new IllegalArgumentException(where + ": the file " + parts[0] + " is named twice");
            }
            List<Path> files = found.byClass.computeIfAbsent(parts[1], name -> new ArrayList<>());
            if (Files.isRegularFile(file)) {
                files.add(file);
            } else {
                found.absent.put(file, "named in " + where + ", and not there");
            }
        }
        found.byClass.values().forEach(Collections::sort);
        return found;
    }

    /**
     * Lines of a UTF-8 text file.
     *
     * @throws IllegalArgumentException where it is missing or is not text
     * @throws UncheckedIOException     where it cannot be read
     */
    static List<String> lines(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new IllegalArgumentException("The file " + file + (Files.exists(file) ? " is not a file" : " does not exist"));
        }
        try {
            return Files.readAllLines(file);
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("The file " + file + " is not UTF-8 text", e);
        } catch (IOException e) {
            throw new UncheckedIOException("The file " + file + " cannot be read", e);
        }
    }

    /** Files that the layout names and the folder does not have, with the reason. */
    Map<Path, String> absent() {
        return absent;
    }

    /** The classes that the layout names, sorted; or 0..n where it names indices only. */
    List<String> labels() {
        boolean onlyIndices = indices && byClass.keySet().stream().allMatch(name -> index(name) >= 0);
        if (!onlyIndices) {
            return List.copyOf(byClass.keySet());
        }
        int last = byClass.keySet().stream().mapToInt(ClassFiles::index).max().orElse(-1);
        return IntStream.rangeClosed(0, last).mapToObj(Integer::toString).toList();
    }

    /** Value of a class index of at most six digits, or -1. */
    private static int index(String name) {
        return name.matches("\\d{1,6}") ? Integer.parseInt(name) : -1;
    }

    /**
     * The first file of each class, then the second, and so on; where the limit cuts a round short, classes at even distances.
     *
     * @throws IllegalArgumentException where there is a class that the labels do not have
     */
    List<Labelled> interleaved(List<String> labels, int limit) {
        List<List<Path>> classes = byLabel(labels);
        List<Labelled> chosen = new ArrayList<>();
        for (int round = 0; ; round++) {
            List<Labelled> candidates = new ArrayList<>();
            for (int label = 0; label < classes.size(); label++) {
                if (round < classes.get(label).size()) {
                    candidates.add(new Labelled(classes.get(label).get(round), label));
                }
            }
            int wanted = Math.min(candidates.size(), limit - chosen.size());
            if (wanted == 0) {
                return chosen;
            }
            for (int i = 0; i < wanted; i++) {
                chosen.add(candidates.get((int) ((long) i * candidates.size() / wanted)));
            }
        }
    }

    private List<List<Path>> byLabel(List<String> labels) {
        Map<String, Integer> indexOf = new HashMap<>();
        List<List<Path>> files = new ArrayList<>();
        for (String label : labels) {
            indexOf.put(label, indexOf.size());
            files.add(new ArrayList<>());
        }
        byClass.forEach((name, ofClass) -> {
            int index = indexOf.getOrDefault(name, indices ? index(name) : -1);
            if (index < 0 || index >= labels.size()) {
                throw new IllegalArgumentException(source + ": the class " + name + " is not one of the " + labels.size() + " labels");
            }
            files.get(index).addAll(ofClass);
        });
        return files;
    }
}
