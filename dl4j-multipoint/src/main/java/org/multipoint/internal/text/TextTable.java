package org.multipoint.internal.text;

import com.github.freva.asciitable.AsciiTable;
import com.github.freva.asciitable.Column;
import com.github.freva.asciitable.ColumnData;
import com.github.freva.asciitable.HorizontalAlign;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * A table of aligned text that fits into a line width: headers break between words; where that is not enough, optional columns are left
 * out, the least important first; then texts are shortened in the middle, column after column.
 *
 * @param <T> type of a row
 */
public final class TextTable<T> {

    private static final String ELLIPSIS = "..";
    /** Least number of characters that a text is shortened to. */
    private static final int LEAST_TEXT = 8;
    private static final int PADDING = 2;

    private record Field<T>(String header, HorizontalAlign align, int rank, Function<T, String> value) {

        boolean isText() {
            return align == HorizontalAlign.LEFT;
        }
    }

    private final List<Field<T>> fields = new ArrayList<>();

    /** Adds a column of texts. */
    public TextTable<T> text(String header, Function<T, String> value) {
        return add(header, HorizontalAlign.LEFT, 0, value);
    }

    /** Adds a column of numbers. */
    public TextTable<T> number(String header, Function<T, String> value) {
        return add(header, HorizontalAlign.RIGHT, 0, value);
    }

    /**
     * Lets the column added last be left out.
     *
     * @param rank 1 or more; the column of the highest rank is left out first
     */
    public TextTable<T> optional(int rank) {
        Field<T> last = fields.remove(fields.size() - 1);
        return add(last.header, last.align, rank, last.value);
    }

    private TextTable<T> add(String header, HorizontalAlign align, int rank, Function<T, String> value) {
        fields.add(new Field<>(header, align, rank, value));
        return this;
    }

    /** The table, with lines of at most {@code width} characters where possible. */
    public String toString(List<T> rows, int width) {
        List<Field<T>> shown = new ArrayList<>(fields);
        while (width(shown, rows) > width) {
            Optional<Field<T>> least = shown.stream().filter(f -> f.rank > 0).max(Comparator.comparingInt(Field::rank));
            if (least.isEmpty()) {
                break;
            }
            shown.remove(least.get());
        }
        int[] widths = shown.stream().mapToInt(f -> width(f, rows)).toArray();
        int[] unbroken = shown.stream().mapToInt(f -> Math.max(f.header.length(), width(f, rows))).toArray();
        if (width(unbroken) <= width) {
            widths = unbroken;
        }
        int over = width(widths) - width;
        for (int i = 0; i < widths.length && over > 0; i++) {
            if (shown.get(i).isText()) {
                int cut = Math.max(0, Math.min(over, widths[i] - LEAST_TEXT));
                widths[i] -= cut;
                over -= cut;
            }
        }
        List<ColumnData<T>> columns = new ArrayList<>();
        for (int i = 0; i < widths.length; i++) {
            Field<T> field = shown.get(i);
            int length = widths[i];
            columns.add(new Column().header(field.header).headerAlign(field.align).dataAlign(field.align).maxWidth(length + PADDING)
                    .with(row -> shortened(field.value.apply(row), length)));
        }
        return AsciiTable.getTable(AsciiTable.BASIC_ASCII_NO_DATA_SEPARATORS, rows, columns);
    }

    private static <T> int width(List<Field<T>> fields, List<T> rows) {
        return width(fields.stream().mapToInt(f -> width(f, rows)).toArray());
    }

    private static int width(int[] columns) {
        return 1 + IntStream.of(columns).map(c -> c + PADDING + 1).sum();
    }

    /** The longest value, or word of the header. */
    private static <T> int width(Field<T> field, List<T> rows) {
        int header = Arrays.stream(field.header.split(" ")).mapToInt(String::length).max().orElse(0);
        return Math.max(header, rows.stream().mapToInt(r -> field.value.apply(r).length()).max().orElse(0));
    }

    private static String shortened(String text, int length) {
        if (text.length() <= length) {
            return text;
        }
        int end = (length - ELLIPSIS.length()) / 2;
        return text.substring(0, length - ELLIPSIS.length() - end) + ELLIPSIS + text.substring(text.length() - end);
    }
}
