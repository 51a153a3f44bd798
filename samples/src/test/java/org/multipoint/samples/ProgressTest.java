package org.multipoint.samples;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class ProgressTest {

    @Test
    void nestedTasksShareALine() {
        try (Progress variants = Progress.of("variants", 51)) {
            variants.stepTo(12);
            assertTrue(Progress.line(79).startsWith("variants 12/51 [==="), Progress.line(79));
            try (Progress evaluation = Progress.of("evaluation", 10_000)) {
                evaluation.stepTo(2_500, "batch 9");
                assertEquals("variants 12/51 > evaluation 2,500/10,000 batch 9 [=======" + " ".repeat(21) + "]", Progress.line(79));
            }
            assertTrue(Progress.line(79).startsWith("variants 12/51 ["), Progress.line(79));
        }
        assertEquals("", Progress.line(79));
    }

    @ParameterizedTest
    @ValueSource(ints = {20, 40, 79, 99, 300})
    void theLineFits(int columns) {
        try (Progress outer = Progress.of("a task with a name that is rather long", 3);
             Progress inner = Progress.of("another one", 7)) {
            outer.stepTo(1);
            inner.stepTo(7, "model/block_6d/project/pointwise_conv/kernel");
            String line = Progress.line(columns);
            assertTrue(line.length() <= columns, line);
            assertTrue(columns < 300 || line.contains("kernel"), line);
        }
    }

    @Test
    void anUnknownTotalHasNoBar() {
        try (Progress progress = Progress.of("reading", -1)) {
            progress.stepBy(3);
            assertEquals("reading 3", Progress.line(79));
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 0:00", "9, 0:09", "600, 10:00", "3599, 59:59", "7384, 2:03:04"})
    void secondsAsClockTime(long seconds, String text) {
        assertEquals(text, Progress.clock(seconds));
    }

    @ParameterizedTest
    @CsvSource({"'one two three', 7, 'one two|three'", "'one two three', 9, 'one two|three'", "unbreakable, 4, unbreakable", "'', 4, ''",
        "'a bb', 4, 'a bb'"})
    void linesBreakBetweenWords(String line, int columns, String expected) {
        assertEquals(expected.replace("|", System.lineSeparator()), Notebook.wrapped(line, columns));
    }
}
