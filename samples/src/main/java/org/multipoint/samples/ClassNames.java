package org.multipoint.samples;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The classes of a network in the order of its outputs.
 *
 * @param ids   what folders are called by
 * @param names for people
 */
record ClassNames(List<String> ids, List<String> names) {

    ClassNames {
        ids = List.copyOf(ids);
        names = List.copyOf(names);
    }

    /**
     * Reads a text file: a name in each line; or an index, an id and a name with tabs between them, as in lists of ImageNet.
     *
     * @throws IOException where it cannot be read, or an id occurs twice
     */
    static ClassNames read(Path file) throws IOException {
        List<String> lines;
        try {
            lines = Files.readAllLines(file);
        } catch (CharacterCodingException e) {
            throw new IOException(file + ": this is not UTF-8 text, expected names of classes, one a line", e);
        }
        List<String> ids = new ArrayList<>();
        List<String> names = new ArrayList<>();
        for (String line : lines) {
            if (!line.isBlank()) {
                String[] parts = line.strip().split("\t");
                ids.add(parts.length == 3 ? parts[1] : parts[0]);
                names.add(parts[parts.length - 1]);
            }
        }
        if (new HashSet<>(ids).size() < ids.size()) {
            throw new IOException(file + ": a class occurs twice, expected different names, one a line");
        }
        return new ClassNames(ids, names);
    }

    /** Classes without names. */
    static ClassNames indices(int count) {
        List<String> ids = IntStream.range(0, count).mapToObj(String::valueOf).toList();
        return new ClassNames(ids, ids.stream().map(id -> "class " + id).toList());
    }

    /** Name of the class of an index, which is the index itself where there are fewer names. */
    String name(int index) {
        return index < names.size() ? names.get(index) : "class " + index;
    }

    int count() {
        return ids.size();
    }
}
