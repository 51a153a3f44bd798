package org.multipoint.samples;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.multipoint.transform.TransformListener;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

class ProgressTest {

    private static final int COLUMNS = 79;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream err = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    @Test
    void aTaskInsideStandsBehindTheBar() {
        Progress.Line line = new Progress.OnTerminal(err, COLUMNS);
        try (Progress variants = Progress.on(line, "variants", 51)) {
            variants.stepTo(12);
            assertDrawn("variants  23% \\[=+>? +] 12/51 \\(.* / .*\\) +");
            try (Progress evaluation = Progress.of("evaluation", 10_000)) {
                Progress.hide();
                evaluation.stepTo(2_500, "batch 9");
                assertDrawn("variants  23% \\[.*] 12/51 \\(.*\\) evaluation 2,500/10,000 batch 9");
            }
            bytes.reset();
        }
        assertDrawn("variants  23% \\[.*] 12/51 \\([^)]*\\) +");
    }

    @Test
    void nothingStaysOnATerminal() {
        try (Progress progress = Progress.on(new Progress.OnTerminal(err, COLUMNS), "reading", 7)) {
            progress.stepTo(7);
        }
        assertDrawn("reading 100% .*");
        assertTrue(text().endsWith("\r" + " ".repeat(COLUMNS) + "\r"), text());
        assertFalse(text().contains("\n"), text());
    }

    @Test
    void nothingIsDrawnWhileHidden() {
        try (Progress progress = Progress.on(new Progress.OnTerminal(err, COLUMNS), "reading", 7)) {
            progress.stepTo(3);
            Progress.hide();
            bytes.reset();
        }
        assertEquals("", text());
    }

    @ParameterizedTest
    @ValueSource(ints = {20, 40, 79, 99, 300})
    void theLineFits(int columns) {
        try (Progress outer = Progress.on(new Progress.OnTerminal(err, columns), "a task with a name that is rather long", 3);
             Progress inner = Progress.of("another one", 7)) {
            outer.stepTo(1);
            Progress.hide();
            inner.stepTo(7, "model/block_6d/project/pointwise_conv/kernel");
        }
        for (String line : text().split("\r")) {
            assertTrue(line.length() <= columns, line);
        }
        assertTrue(columns < 300 || text().contains("kernel"), text());
    }

    @Test
    void anUnknownTotalHasNoShare() {
        try (Progress progress = Progress.on(new Progress.OnTerminal(err, COLUMNS), "reading", -1)) {
            progress.stepBy(3);
        }
        assertDrawn("reading  \\? % \\[.*] 3/\\? \\(.* / \\?\\) +");
    }

    @Test
    void aTaskOfOneStepHasNoNumbers() {
        try (Progress files = Progress.on(new Progress.OnTerminal(err, COLUMNS), "files", 2);
             Progress reading = Progress.ofOneStep("reading a.zip")) {
            Progress.hide();
            files.stepTo(1);
            assertDrawn("files  50% \\[.*] 1/2 \\(.*\\) reading a.zip *");
        }
    }

    @Test
    void aLongNameLeavesRoom() {
        try (Progress progress = Progress.on(new Progress.OnTerminal(err, COLUMNS), "x".repeat(72), -1)) {
            progress.stepTo(3);
        }
        assertDrawn("x{39}  \\? % \\[.*] 3/\\? .*");
    }

    @Test
    void aPhaseEndsWithItsLastStep() {
        try (Progress attempts = Progress.on(new Progress.OnTerminal(err, COLUMNS), "attempts", 3);
             Progress.OfTransform phases = new Progress.OfTransform("4-bit ", 8)) {
            phases.onProgress(TransformListener.Phase.CALIBRATION, 3, -1, "batch 3");
            assertDrawn("attempts   0% .* 4-bit calibration 3/8 batch 3");
            phases.onProgress(TransformListener.Phase.QUANTIZATION, 1, 2, "conv1");
            Progress.hide();
            attempts.stepTo(1);
            assertDrawn("attempts  33% .* 4-bit quantization 1/2 conv1");
            phases.onProgress(TransformListener.Phase.QUANTIZATION, 2, 2, "conv2");
            Progress.hide();
            attempts.stepTo(2);
            assertDrawn("attempts  66% \\[.*] 2/3 \\([^)]*\\) +");
        }
    }

    @Test
    void bytesAreCountedInMegabytes() {
        try (Progress outer = Progress.on(new Progress.OnTerminal(err, COLUMNS), "files", 2);
             Progress download = Progress.ofBytes("images.tar", 170_498_071)) {
            outer.stepTo(0);
            Progress.hide();
            download.stepTo(39_000_000);
        }
        assertDrawn("files   0% .* images.tar 39/170 MB");
    }

    @Test
    void nothingIsWrittenWhereThereIsNoTerminal() {
        PrintStream standard = System.err;
        System.setErr(err);
        try (Progress progress = Progress.on(new Progress.Nowhere(), "reading", 7)) {
            progress.stepTo(3);
        } finally {
            System.setErr(standard);
        }
        assertEquals("", text());
    }

    /** That the expression matches a line that was drawn, as a whole. */
    private void assertDrawn(String expression) {
        assertTrue(Arrays.stream(text().split("\r")).anyMatch(line -> line.matches(expression)), text());
    }

    private String text() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @CsvSource({"'one two three', 7, 'one two|three'", "'one two three', 9, 'one two|three'", "unbreakable, 4, unbreakable", "'', 4, ''",
        "'a bb', 4, 'a bb'"})
    void linesBreakBetweenWords(String line, int columns, String expected) {
        assertEquals(expected.replace("|", System.lineSeparator()), Notebook.wrapped(line, columns));
    }
}
