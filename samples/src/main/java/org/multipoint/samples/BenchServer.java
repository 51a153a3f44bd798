package org.multipoint.samples;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Runs the subjects of a benchmark for another program, which lets them take turns with engines that have no Java package. Requests are lines of a
 * subject's name and the milliseconds that it is to run, at least once and a first time unmeasured; the answer to each is a line with the milliseconds of each run.
 * The names of the subjects are the first line.
 */
final class BenchServer {

    private final Map<String, BenchmarkSubject> subjects = new LinkedHashMap<>();

    BenchServer(List<BenchmarkSubject> subjects) {
        subjects.forEach(subject -> this.subjects.put(subject.name(), subject));
    }

    /** Writes each subject's outputs as numbers in single precision, little-endian, to {@code NAME.bin} in a folder. */
    void writeOutputs(Path folder) throws IOException {
        for (BenchmarkSubject subject : subjects.values()) {
            write(folder.resolve(subject.name() + ".bin"), subject.run());
        }
    }

    /** Writes numbers in single precision, little-endian. */
    static void write(Path file, float[] values) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        Files.write(file, bytes.array());
    }

    /**
     * Answers requests until there are no more.
     *
     * @throws IllegalArgumentException where a line is no request
     */
    void serve(BufferedReader requests, PrintWriter answers) {
        answers.println(String.join(" ", subjects.keySet()));
        answers.flush();
        requests.lines().forEach(line -> {
            answers.println(answer(line.split(" ")));
            answers.flush();
        });
    }

    private String answer(String[] request) {
        BenchmarkSubject subject = request.length == 2 ? subjects.get(request[0]) : null;
        if (subject == null) {
            throw new IllegalArgumentException("Expected one of " + subjects.keySet() + " and milliseconds, found: " + String.join(" ", request));
        }
        double milliseconds = Double.parseDouble(request[1]);
        subject.run();
        StringBuilder times = new StringBuilder();
        double spent = 0;
        do {
            double time = InterleavedBenchmark.milliseconds(subject);
            spent += time;
            times.append(String.format(Locale.ROOT, times.isEmpty() ? "%.4f" : " %.4f", time));
        } while (spent < milliseconds);
        return times.toString();
    }
}
