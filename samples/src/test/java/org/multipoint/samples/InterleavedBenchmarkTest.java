package org.multipoint.samples;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.DoubleStream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

class InterleavedBenchmarkTest {

    private static BenchmarkSubject counting(String name, List<String> calls) {
        return new BenchmarkSubject() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public float[] run() {
                calls.add(name);
                return new float[0];
            }

            @Override
            public void close() {
            }
        };
    }

    @Test
    void medianAndTenthPercentile() {
        List<Double> times = new ArrayList<>(DoubleStream.iterate(1, t -> t + 1).limit(21).boxed().toList());
        Collections.reverse(times);
        assertEquals(new InterleavedBenchmark.Timing("a", 11, 3, 21), InterleavedBenchmark.Timing.of("a", times));
        assertEquals(new InterleavedBenchmark.Timing("b", 2.5, 1, 4), InterleavedBenchmark.Timing.of("b", List.of(4.0, 1.0, 2.0, 3.0)));
    }

    @Test
    void everyOneRunsEvenWhereThereIsNoTime() {
        List<String> calls = new ArrayList<>();
        List<InterleavedBenchmark.Timing> timings = InterleavedBenchmark.run(List.of(counting("a", calls), counting("b", calls)), 1e-9, seconds -> { });
        assertEquals(List.of("a", "b"), timings.stream().map(InterleavedBenchmark.Timing::name).toList());
        for (InterleavedBenchmark.Timing timing : timings) {
            assertTrue(timing.runs() >= 3, timing::toString);
            assertTrue(Collections.frequency(calls, timing.name()) > timing.runs(), "the first runs only warm up");
        }
    }

    @Test
    void aSlowOneDoesNotHoldUpTheRest() {
        List<String> calls = new ArrayList<>();
        BenchmarkSubject slow = new BenchmarkSubject() {
            @Override
            public String name() {
                return "slow";
            }

            @Override
            public float[] run() {
                calls.add("slow");
                LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
                return new float[0];
            }

            @Override
            public void close() {
            }
        };
        List<InterleavedBenchmark.Timing> timings = InterleavedBenchmark.run(List.of(slow, counting("fast", calls)), 1e-9, seconds -> { });
        assertEquals(3, timings.get(0).runs());
        assertEquals(3, timings.get(1).runs(), "there was no time for more, however long the slow one took");
    }
}
