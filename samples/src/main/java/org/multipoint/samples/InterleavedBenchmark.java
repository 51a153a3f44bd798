package org.multipoint.samples;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.DoubleConsumer;

/**
 * Compares the run times of several subjects in one process. They take turns, so that other load on the machine affects all of them. The
 * next turn goes to the subject that has had the least time so far: slow ones get few runs, fast ones many.
 */
final class InterleavedBenchmark {

    /** Share of a subject's time that it runs unmeasured at first. */
    private static final double WARM_UP = 0.2;
    private static final int WARM_UP_RUNS = 2;
    private static final int LEAST_RUNS = 3;

    /**
     * What was measured.
     *
     * @param medianMs median time of a run, in milliseconds
     * @param p10Ms    what one run in ten takes at most, in milliseconds
     * @param runs     number of runs
     */
    record Timing(String name, double medianMs, double p10Ms, int runs) {

        static Timing of(String name, List<Double> milliseconds) {
            double[] sorted = milliseconds.stream().mapToDouble(Double::doubleValue).sorted().toArray();
            int n = sorted.length;
            return new Timing(name, (sorted[(n - 1) / 2] + sorted[n / 2]) / 2, sorted[(n - 1) / 10], n);
        }
    }

    private static final class Lane {
        private final BenchmarkSubject subject;
        private final List<Double> milliseconds = new ArrayList<>();
        private double spent;

        Lane(BenchmarkSubject subject) {
            this.subject = subject;
        }

        double measure() {
            double time = milliseconds(subject);
            milliseconds.add(time);
            spent += time;
            return time;
        }
    }

    private InterleavedBenchmark() {
    }

    /** The time of one run. */
    static double milliseconds(BenchmarkSubject subject) {
        long start = System.nanoTime();
        subject.run();
        return (System.nanoTime() - start) / 1e6;
    }

    /**
     * @param seconds  time for all measured runs together; more where a slow subject needs it for {@value #LEAST_RUNS} runs.
     *                 Warming up comes before
     * @param progress is called with the number of these seconds that have passed
     */
    static List<Timing> run(List<BenchmarkSubject> subjects, double seconds, DoubleConsumer progress) {
        List<Lane> lanes = subjects.stream().map(Lane::new).toList();
        double share = 1000 * seconds / lanes.size();
        for (Lane lane : lanes) {
            double spent = 0;
            for (int run = 0; run < WARM_UP_RUNS || spent < WARM_UP * share; run++) {
                spent += milliseconds(lane.subject);
            }
        }
        double total = 0;
        while (total < 1000 * seconds) {
            Lane next = lanes.stream().min(Comparator.comparingDouble(l -> l.spent)).orElseThrow();
            total += next.measure();
            progress.accept(total / 1000);
        }
        // By time alone, all others would have to wait for the slowest subject's last run.
        for (Lane lane : lanes) {
            while (lane.milliseconds.size() < LEAST_RUNS) {
                total += lane.measure();
                progress.accept(total / 1000);
            }
        }
        return lanes.stream().map(l -> Timing.of(l.subject.name(), l.milliseconds)).toList();
    }
}
