package org.multipoint.samples;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** The programs as users start them, without a word about OpenMP in the environment. */
class OpenMpEnvironmentTest {

    private static final Pattern PASSIVE = Pattern.compile("OMP_WAIT_POLICY\\s*=\\s*'PASSIVE'");

    private record Outcome(int exitCode, String output) {
    }

    /** OpenMP itself tells what it has read when it was loaded. */
    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "OpenMP does not tell its settings there")
    void threadsSleepWhileTheyWait() throws Exception {
        Outcome outcome = run(null, "quickstart", "--calibration", "16", "--test", "20", "--bits", "4");
        assertEquals(0, outcome.exitCode(), outcome.output());
        assertTrue(PASSIVE.matcher(outcome.output()).find(), outcome.output());
        assertTrue(outcome.output().contains("Side by side"), outcome.output());
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "OpenMP does not tell its settings there")
    void whatTheUserHasSetStays() throws Exception {
        Outcome outcome = run("ACTIVE", "quickstart", "--calibration", "16", "--test", "20", "--bits", "4");
        assertEquals(0, outcome.exitCode(), outcome.output());
        assertTrue(outcome.output().contains("OMP_WAIT_POLICY") && !PASSIVE.matcher(outcome.output()).find(), outcome.output());
    }

    @Test
    void failuresAreThoseOfTheCommand() throws Exception {
        Outcome failed = run(null, "quickstart", "--model", "missing.zip");
        assertEquals(1, failed.exitCode(), failed.output());
        assertEquals(1, failed.output().lines().filter(l -> l.contains("missing.zip: there is no such file")).count(), failed.output());
        assertEquals(2, run(null, "quickstart", "--calibration", "none").exitCode());
    }

    private static Outcome run(String waitPolicy, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx1g",
                "-cp", System.getProperty("java.class.path"), Samples.class.getName()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("OMP_DISPLAY_ENV", "TRUE");
        builder.environment().put("OMP_NUM_THREADS", "1");
        builder.environment().remove("OMP_WAIT_POLICY");
        if (waitPolicy != null) {
            builder.environment().put("OMP_WAIT_POLICY", waitPolicy);
        }
        Process process = builder.start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes());
        return new Outcome(process.waitFor(), output);
    }
}
