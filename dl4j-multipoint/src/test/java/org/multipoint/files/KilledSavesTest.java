package org.multipoint.files;

import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.multipoint.internal.files.AtomicFile;
import org.multipoint.testing.ForkedJvm;
import org.multipoint.testing.Reliability;
import org.multipoint.testing.TestNets;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

/** A process that is killed while it saves, or a full disk, leaves the old file or the complete new one. */
@Tag(Reliability.TAG)
class KilledSavesTest {

    private static final int KILLS = Reliability.times(10, 400);
    private static final int KILLS_OF_MODELS = Reliability.times(2, 40);
    /** How long a process may take to begin. */
    private static final int SECONDS = 120;

    /** Saves one of two contents after the other until it is killed. */
    public static void main(String[] args) throws IOException {
        Path file = Path.of(args[1]);
        if (args[0].equals("models")) {
            List<ComputationGraph> models = List.of(model(200), model(900));
            for (int i = 0; ; i++) {
                ModelFiles.write(models.get(i % 2), file);
            }
        }
        for (int i = 0; ; i++) {
            byte[] content = content(i % 2);
            AtomicFile.write(file, part -> Files.write(part, content));
        }
    }

    /** Large enough for a write to take a few milliseconds. */
    private static byte[] content(int which) {
        byte[] content = new byte[which == 0 ? 3_000_000 : 9_000_000];
        Arrays.fill(content, (byte) (which + 1));
        return content;
    }

    private static ComputationGraph model(int width) {
        return TestNets.chain(InputType.feedForward(300), new DenseLayer.Builder().nOut(width).build());
    }

    private interface Check {
        void of(Path file) throws IOException;
    }

    /** Kills a process at some moment after its first file has appeared, again and again. */
    private static void kill(String what, int times, Path folder, Check whole) throws Exception {
        Random random = new Random(2);
        int parts = 0;
        for (int i = 0; i < times; i++) {
            Path own = Files.createDirectory(folder.resolve(what + i));
            Path file = own.resolve("model.zip");
            Process process = ForkedJvm.start(List.of("-Xshare:auto"), KilledSavesTest.class, what, file.toString());
            try {
                long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
                while (!Files.exists(file)) {
                    assertTrue(process.isAlive() && System.nanoTime() < end, "the process did not begin to save");
                    Thread.sleep(1);
                }
                Thread.sleep(random.nextInt(60), random.nextInt(1_000_000));
            } finally {
                process.destroyForcibly().waitFor();
            }
            whole.of(file);
            try (Stream<Path> files = Files.list(own)) {
                List<String> others = files.map(f -> f.getFileName().toString()).filter(n -> !n.equals("model.zip")).toList();
                assertTrue(others.size() <= 1 && others.stream().allMatch(n -> n.endsWith(".part")), others.toString());
                parts += others.size();
            }
        }
        Reliability.figure("%d processes killed while they saved %s: every file was whole; %d of them left a temporary file", times, what, parts);
        assertTrue(parts > 0, "no process was killed within a write");
    }

    @Test
    void killedProcessesLeaveWholeFiles(@TempDir Path folder) throws Exception {
        kill("bytes", KILLS, folder, file -> {
            byte[] found = Files.readAllBytes(file);
            assertArrayEquals(content(found[0] - 1), found);
        });
    }

    @Test
    void killedProcessesLeaveWholeModels(@TempDir Path folder) throws Exception {
        List<ComputationGraph> models = List.of(model(200), model(900));
        kill("models", KILLS_OF_MODELS, folder, file -> {
            ComputationGraph found = ModelFiles.readGraph(file);
            assertEquals(models.stream().filter(m -> m.numParams() == found.numParams()).findFirst().orElseThrow().params(), found.params());
        });
    }

    /** Files may have 64 KiB: beyond that a write fails, as it does on a full disk. */
    @Test
    @DisabledOnOs(OS.WINDOWS)
    void writesThatFailLeaveTheOldFile(@TempDir Path folder) throws Exception {
        Path file = Files.write(folder.resolve("report.html"), new byte[]{1, 2, 3});
        List<String> command = List.of("sh", "-c", "ulimit -f 128; exec \"$@\"", "sh", Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xshare:auto", "-XX:-UsePerfData", "-cp", System.getProperty("java.class.path"), KilledSavesTest.class.getName(), "bytes", file.toString());
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String printed = new String(process.getInputStream().readAllBytes());
        assertTrue(process.waitFor() != 0 && printed.contains("IOException"), printed);
        assertArrayEquals(new byte[]{1, 2, 3}, Files.readAllBytes(file));
        assertOnly(folder, "report.html");
    }

    private static void assertOnly(Path folder, String name) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(name), files.map(f -> f.getFileName().toString()).toList());
        }
    }

    /** On a disk of 2 MiB, where this user may mount one. */
    @Test
    void fullDisksKeepTheOldModel(@TempDir Path folder) throws Exception {
        assumeTrue(Reliability.LONG, "only with -Dorg.multipoint.long=true");
        boolean mounted = new ProcessBuilder("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder.toString()).inheritIO().start().waitFor() == 0;
        if (!mounted) {
            System.err.println("Skipped: this user may not mount a small disk");
        }
        assumeTrue(mounted);
        try {
            Path file = folder.resolve("model.zip");
            ComputationGraph old = model(100);
            ModelFiles.write(old, file);
            assertThrows(IOException.class, () -> ModelFiles.write(model(3000), file));
            assertEquals(old.params(), ModelFiles.readGraph(file).params());
            assertOnly(folder, "model.zip");
            Reliability.figure("a model of %,d bytes on a full disk of 2 MiB: an IOException, and the old file of %,d bytes stays", 4L * model(3000).numParams(),
                    Files.size(file));
        } finally {
            assertEquals(0, new ProcessBuilder("umount", folder.toString()).inheritIO().start().waitFor());
        }
    }

    /** Several threads may write one file at the same time. Windows does not replace a file that is being read. */
    @Test
    @DisabledOnOs(OS.WINDOWS)
    void threadsThatWriteOneFileLeaveOneOfTheirs(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("same");
        List<Thread> threads = new ArrayList<>();
        List<Throwable> failures = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            byte[] content = content(t % 2);
            threads.add(new Thread(() -> {
                try {
                    for (int i = 0; i < 10; i++) {
                        AtomicFile.write(file, part -> Files.write(part, content));
                        byte[] found = Files.readAllBytes(file);
                        assertTrue(IntStream.range(0, 2).anyMatch(c -> Arrays.equals(content(c), found)));
                    }
                } catch (Throwable e) {
                    synchronized (failures) {
                        failures.add(e);
                    }
                }
            }));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(List.of(), failures);
        assertOnly(folder, "same");
    }
}
