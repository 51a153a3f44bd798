package org.multipoint.samples;

import org.datavec.api.records.reader.RecordReader;
import org.datavec.api.records.reader.impl.csv.CSVRecordReader;
import org.datavec.api.split.FileSplit;
import org.datavec.api.writable.Writable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/** Vectors from a text file: an example in each line, its values with commas between them. */
final class CsvRows {

    private CsvRows() {
    }

    /**
     * A vector.
     *
     * @param line  of the file, from 1
     * @param label index of its class; -1 where that was not asked for
     */
    record Row(int line, float[] values, int label) {
    }

    /**
     * Reads all lines, or so many of them, spread evenly. A first line without numbers is taken for names of columns. Columns beyond those of
     * the inputs are left out, but for the first of them where classes are asked for.
     *
     * @param columns values of an input
     * @param most    lines
     * @param classes where they are asked for, of which each line names one, or its index
     * @throws IOException where the file is missing, or a line has too few values, or one that is no number or no class; the message names
     *                     the line
     */
    static List<Row> read(Path file, int columns, OptionalInt most, Optional<ClassNames> classes) throws IOException {
        if (!Files.exists(file)) {
            throw new NoSuchFileException(file.toString());
        }
        List<Row> rows = new ArrayList<>();
        try (RecordReader reader = new CSVRecordReader()) {
            reader.initialize(new FileSplit(file.toFile()));
            for (int line = 1; reader.hasNext(); line++) {
                List<Writable> values = reader.next();
                if (line > 1 || isNumber(values.get(0).toString())) {
                    String where = file + ", line " + line;
                    rows.add(new Row(line, values(values, columns, where),
                            classes.isEmpty() ? -1 : label(values, columns, classes.get(), where)));
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(file + ": reading was interrupted", e);
        }
        if (rows.isEmpty()) {
            throw new IOException(file + " has no line of numbers");
        }
        int count = Math.min(rows.size(), most.orElse(rows.size()));
        return IntStream.range(0, count).mapToObj(i -> rows.get((int) ((long) i * rows.size() / count))).toList();
    }

    private static float[] values(List<Writable> values, int columns, String where) throws IOException {
        if (values.size() < columns) {
            throw new IOException(where + ": expected " + columns + " values, found " + values.size());
        }
        float[] row = new float[columns];
        for (int i = 0; i < columns; i++) {
            String value = values.get(i).toString().strip();
            if (!isNumber(value)) {
                throw new IOException(where + ": expected a number in column " + (i + 1) + ", found \"" + value + "\"");
            }
            row[i] = Float.parseFloat(value);
        }
        return row;
    }

    private static int label(List<Writable> values, int column, ClassNames classes, String where) throws IOException {
        String value = values.size() > column ? values.get(column).toString().strip() : "";
        if (classes.ids().contains(value)) {
            return classes.ids().indexOf(value);
        }
        float index = isNumber(value) ? Float.parseFloat(value) : -1;
        if (index < 0 || index >= classes.count() || index != (int) index) {
            throw new IOException(where + ": expected a class in column " + (column + 1) + ", its name or an index of 0 to "
                    + (classes.count() - 1) + ", found \"" + value + "\"");
        }
        return (int) index;
    }

    private static boolean isNumber(String text) {
        try {
            return Float.isFinite(Float.parseFloat(text));
        } catch (NumberFormatException e) {
            return false;
        }
    }
}
