package org.multipoint.internal.text;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

class TextTableTest {

    private static final TextTable<String> TABLE = new TextTable<String>()
            .text("name", s -> s)
            .number("its length in letters", s -> String.valueOf(s.length()))
            .text("backwards", s -> new StringBuilder(s).reverse().toString()).optional(1)
            .number("hash", s -> String.valueOf(s.length() * 7_000_001)).optional(2);

    private static final List<String> ROWS = List.of("convolution", "a-layer-with-quite-a-long-name");

    @Test
    void headersStayWholeWhereThereIsRoom() {
        assertTrue(TABLE.toString(List.of("x"), 60).startsWith("+------+-----------------------+"));
    }

    @Test
    void headersBreakBetweenWords() {
        assertEquals("""
                +------+---------+-----------+---------+
                | name |     its | backwards |    hash |
                |      |  length |           |         |
                |      |      in |           |         |
                |      | letters |           |         |
                +------+---------+-----------+---------+
                | x    |       1 | x         | 7000001 |
                +------+---------+-----------+---------+""", TABLE.toString(List.of("x"), 50).replace("\r\n", "\n"));
    }

    @Test
    void columnsGoByRank() {
        String all = TABLE.toString(ROWS, 100);
        assertTrue(all.contains("hash") && all.contains("backwards"), all);
        String fewer = TABLE.toString(ROWS, 80);
        assertFalse(fewer.contains("hash"), fewer);
        assertTrue(fewer.contains("backwards"), fewer);
        String least = TABLE.toString(ROWS, 60);
        assertFalse(least.contains("hash") || least.contains("backwards"), least);
        assertTrue(least.contains("a-layer-with-quite-a-long-name"), least);
    }

    @ParameterizedTest
    @ValueSource(ints = {120, 100, 80, 60, 40, 30, 24})
    void everyLineFits(int width) {
        String table = TABLE.toString(ROWS, width);
        assertTrue(table.lines().allMatch(line -> line.length() <= width), table);
    }

    @Test
    void longTextsAreShortenedInTheMiddle() {
        String table = TABLE.toString(ROWS, 30);
        assertTrue(table.contains("| a-layer..ng-name "), table);
        assertTrue(table.contains("| convolution "), table);
    }

    @Test
    void noRowsIsAHeader() {
        assertTrue(TABLE.toString(List.of(), 100).contains("backwards"));
    }
}
