package org.multipoint.samples;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class BenchServerTest {

    /** Counts its runs. */
    private static final class Counter implements BenchmarkSubject {
        private final String name;
        private int runs;

        Counter(String name) {
            this.name = name;
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public float[] run() {
            runs++;
            return new float[]{1.5f, -2};
        }

        @Override
        public void close() {
        }
    }

    private final Counter first = new Counter("first");
    private final Counter second = new Counter("second");

    private List<String> answers(String requests) {
        StringWriter answers = new StringWriter();
        new BenchServer(List.of(first, second)).serve(new BufferedReader(new StringReader(requests)), new PrintWriter(answers));
        return answers.toString().lines().toList();
    }

    @Test
    void answersWithTheTimesOfEachRun() {
        List<String> answers = answers("second 0\nfirst 2\n");
        assertEquals("first second", answers.get(0));
        assertEquals(2, second.runs, "once unmeasured, once measured");
        assertEquals(3, answers.size());
        assertEquals(1, answers.get(1).split(" ").length);
        double[] times = Arrays.stream(answers.get(2).split(" ")).mapToDouble(Double::parseDouble).toArray();
        assertEquals(first.runs - 1, times.length);
        assertTrue(Arrays.stream(times).allMatch(t -> t >= 0));
    }

    @Test
    void refusesWhatIsNoRequest() {
        for (String request : List.of("third 10", "first", "first 1 2", "first soon", "")) {
            assertThrows(IllegalArgumentException.class, () -> answers(request + "\n"), request);
        }
    }

    @Test
    void writesOutputsForOthers(@TempDir Path folder) throws IOException {
        new BenchServer(List.of(first)).writeOutputs(folder);
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(folder.resolve("first.bin"))).order(ByteOrder.LITTLE_ENDIAN);
        assertEquals(8, bytes.remaining());
        assertEquals(1.5f, bytes.getFloat());
        assertEquals(-2, bytes.getFloat());
    }

    /** What the engines without a Java package are given: networks, an input, and outputs to compare with. */
    @Test
    void writesTheNetworkForOthers(@TempDir Path folder) throws Exception {
        try (BenchmarkSubjects made = new BenchmarkSubjects(BenchNetwork.load(BenchCommandTest.saved(folder).toString(), 8), 2, new LayerOptions(), line -> { })) {
            List<BenchmarkSubject> subjects = made.compiled(folder);
            assertEquals(List.of("engine-fp32", "multipoint-fused", "multipoint-int-add"), subjects.stream().map(BenchmarkSubject::name).toList());
            assertEquals(2 * 3 * 8 * 8 * Float.BYTES, Files.size(folder.resolve("input.bin")));
            for (String file : List.of("fp32.onnx", "quantized.onnx", "int-add.onnx", "static.onnx")) {
                assertTrue(Files.size(folder.resolve(file)) > 0, file);
            }
        }
    }
}
