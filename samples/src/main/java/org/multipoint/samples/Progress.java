package org.multipoint.samples;

import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.multipoint.transform.TransformListener;

import java.time.Duration;
import java.util.Locale;

/** Progress bars with the time left, on standard error: standard output holds results alone. */
final class Progress {

    private static final int WIDTH = 100;
    private static final Duration ON_TERMINAL = Duration.ofMillis(500);
    private static final Duration IN_LOG = Duration.ofSeconds(10);

    private Progress() {
    }

    /** @param total number of steps, or -1 where unknown */
    static ProgressBar bar(String task, long total) {
        boolean terminal = System.console() != null;
        return new ProgressBarBuilder()
                .setTaskName(task)
                .setInitialMax(total)
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis((int) (terminal ? ON_TERMINAL : IN_LOG).toMillis())
                .setConsumer(terminal ? new ConsoleProgressBarConsumer(System.err, WIDTH)
                        : new DelegatingProgressBarConsumer(System.err::println, WIDTH))
                .build();
    }

    /** A bar for each phase of a transformation, one after another. */
    static final class OfTransform implements TransformListener, AutoCloseable {

        private final String task;
        private final long batches;
        private Phase phase;
        private ProgressBar bar;

        /** @param batches batches of calibration images, which a transformation cannot know before it has seen them */
        OfTransform(String task, long batches) {
            this.task = task;
            this.batches = batches;
        }

        @Override
        public void onProgress(Phase now, int done, int total, String what) {
            long steps = total < 0 && now == Phase.CALIBRATION ? batches : total;
            if (now != phase) {
                close();
                phase = now;
                bar = bar(task + now.name().toLowerCase(Locale.ROOT), steps);
            }
            bar.maxHint(steps).stepTo(done).setExtraMessage(what);
        }

        @Override
        public void close() {
            if (bar != null) {
                bar.close();
            }
        }
    }
}
