package org.multipoint.samples;

import org.multipoint.transform.TransformListener;

import java.io.PrintStream;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.Locale;
import java.util.OptionalInt;

/**
 * How far a task is, and the time left, on standard error: standard output holds results alone. Tasks nest, and all that run share one
 * line, the outermost first. On a terminal the line is drawn anew and vanishes in the end; elsewhere it is written now and then. For one
 * thread.
 */
final class Progress implements AutoCloseable {

    private static final long ON_TERMINAL_NANOS = 200_000_000L;
    private static final long IN_LOG_NANOS = 10_000_000_000L;
    /** Before, an estimate of the time left would be a guess. */
    private static final double LEAST_SECONDS = 1;
    private static final int LOG_COLUMNS = 100;
    private static final int LEAST_BAR = 10;
    private static final int MOST_BAR = 40;
    private static final String CLEAR_LINE = "\r\u001b[K";

    private static final Deque<Progress> RUNNING = new ArrayDeque<>();
    private static final Line LINE = new Line(System.err);

    private final String task;
    private long total;
    private final long start = System.nanoTime();
    private long done;
    private String what = "";

    private Progress(String task, long total) {
        this.task = task;
        this.total = total;
    }

    /**
     * Begins a task, inside the one that runs.
     *
     * @param total number of steps, or -1 where unknown
     */
    static Progress of(String task, long total) {
        if (RUNNING.isEmpty()) {
            LINE.open();
        }
        Progress progress = new Progress(task, total);
        RUNNING.addLast(progress);
        return progress;
    }

    /** Takes the line away, for other output. */
    static void hide() {
        LINE.clear();
    }

    void stepBy(long steps) {
        stepTo(done + steps);
    }

    void stepTo(long step) {
        stepTo(step, what);
    }

    /** @param now what has just been done */
    void stepTo(long step, String now) {
        done = step;
        what = now;
        LINE.draw();
    }

    @Override
    public void close() {
        RUNNING.remove(this);
        if (RUNNING.isEmpty()) {
            LINE.clear();
        }
    }

    /** This task without a bar. */
    private String text(boolean innermost) {
        StringBuilder text = new StringBuilder(task).append(' ').append(count(done));
        if (total >= 0) {
            text.append('/').append(count(total));
        }
        if (innermost && !what.isEmpty()) {
            text.append(' ').append(what);
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        if (total > 0 && done > 0 && done <= total && seconds >= LEAST_SECONDS) {
            text.append(", ").append(clock(Math.round(seconds * (total - done) / done))).append(" left");
        }
        return text.toString();
    }

    private static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    /** Seconds as m:ss, or h:mm:ss. */
    static String clock(long seconds) {
        long hours = seconds / 3600;
        return hours > 0 ? String.format("%d:%02d:%02d", hours, seconds / 60 % 60, seconds % 60)
                : String.format("%d:%02d", seconds / 60, seconds % 60);
    }

    /** All tasks that run, in at most so many characters. */
    static String line(int columns) {
        StringBuilder line = new StringBuilder();
        for (Iterator<Progress> tasks = RUNNING.iterator(); tasks.hasNext(); ) {
            Progress task = tasks.next();
            line.append(task.text(!tasks.hasNext())).append(tasks.hasNext() ? " > " : "");
        }
        Progress last = RUNNING.peekLast();
        int bar = Math.min(MOST_BAR, columns - line.length() - " []".length());
        if (last != null && last.total > 0 && bar >= LEAST_BAR) {
            int filled = (int) (bar * Math.min(last.done, last.total) / last.total);
            line.append(" [").append("=".repeat(filled)).append(" ".repeat(bar - filled)).append(']');
        }
        return line.length() <= columns ? line.toString() : line.substring(0, columns);
    }

    /** The line on standard error. */
    private static final class Line {

        private final PrintStream err;
        private OptionalInt columns = OptionalInt.empty();
        private long last;
        private boolean shown;

        Line(PrintStream err) {
            this.err = err;
        }

        void open() {
            columns = Terminal.columns();
            last = System.nanoTime() - (columns.isPresent() ? ON_TERMINAL_NANOS : 0);
        }

        void draw() {
            long now = System.nanoTime();
            if (now - last < (columns.isPresent() ? ON_TERMINAL_NANOS : IN_LOG_NANOS)) {
                return;
            }
            last = now;
            if (columns.isEmpty()) {
                err.println(line(LOG_COLUMNS));
            } else {
                // A character in the last column would make some terminals begin a new line.
                err.print(CLEAR_LINE + line(columns.getAsInt() - 1));
                err.flush();
                shown = true;
            }
        }

        void clear() {
            if (shown) {
                err.print(CLEAR_LINE);
                err.flush();
                shown = false;
            }
        }
    }

    /** A task for each phase of a transformation, one after another. */
    static final class OfTransform implements TransformListener, AutoCloseable {

        private final String task;
        private final long batches;
        private Phase phase;
        private Progress progress;

        /** @param batches batches of calibration images, which a transformation cannot know before it has seen them */
        OfTransform(String task, long batches) {
            this.task = task;
            this.batches = batches;
        }

        @Override
        public void onProgress(Phase now, int done, int total, String what) {
            if (now == Phase.EVALUATION) {
                return;
            }
            long steps = total < 0 && now == Phase.CALIBRATION ? batches : total;
            // Each attempt of a search quantizes anew.
            if (now != phase || done < progress.done) {
                close();
                phase = now;
                progress = of(task + now.name().toLowerCase(Locale.ROOT), steps);
            }
            progress.total = steps;
            progress.stepTo(done, what);
        }

        @Override
        public void close() {
            if (progress != null) {
                progress.close();
            }
        }
    }
}
