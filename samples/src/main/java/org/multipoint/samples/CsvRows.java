package org.multipoint.samples;

import org.datavec.api.records.reader.RecordReader;
import org.datavec.api.records.reader.impl.csv.CSVRecordReader;
import org.datavec.api.split.FileSplit;
import org.datavec.api.writable.Writable;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.adapter.SingletonDataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Vectors from a text file: an example in each line, its values with commas between them. */
final class CsvRows {

    private CsvRows() {
    }

    /**
     * Reads all lines. A first line without numbers is taken for names of columns; columns beyond those of the inputs are left out.
     *
     * @param columns values of an input
     * @throws IOException where the file is missing, or a line has too few values or one that is no number; the message names the line
     */
    static List<float[]> read(Path file, int columns) throws IOException {
        if (!Files.exists(file)) {
            throw new NoSuchFileException(file.toString());
        }
        List<float[]> rows = new ArrayList<>();
        try (RecordReader reader = new CSVRecordReader()) {
            reader.initialize(new FileSplit(file.toFile()));
            for (int line = 1; reader.hasNext(); line++) {
                List<Writable> values = reader.next();
                if (line > 1 || isNumber(values.get(0).toString())) {
                    rows.add(row(values, columns, file + ", line " + line));
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(file + ": reading was interrupted", e);
        }
        if (rows.isEmpty()) {
            throw new IOException(file + " has no line of numbers");
        }
        return rows;
    }

    /** Vectors as one batch. */
    static DataSetIterator iterator(List<float[]> rows) {
        return new SingletonDataSetIterator(new DataSet(Nd4j.createFromArray(rows.toArray(float[][]::new)), null));
    }

    private static float[] row(List<Writable> values, int columns, String where) throws IOException {
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

    private static boolean isNumber(String text) {
        try {
            return Float.isFinite(Float.parseFloat(text));
        } catch (NumberFormatException e) {
            return false;
        }
    }
}
