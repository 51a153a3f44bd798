package org.multipoint.samples;

import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.multipoint.transform.TransformListener;

import java.io.PrintStream;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Reports the progress of a task, the time it has taken and the time left, on standard error: standard output holds results alone. Tasks
 * nest: the outermost one has the bar, and inner ones are shown behind it as text. The bar is redrawn in place and removed at the end; where
 * standard error is no terminal, there is none. For one thread; a task ends before the one around it.
 */
final class Progress implements AutoCloseable {

    private static final int UPDATE_MILLIS = 500;
    private static final Unit STEPS = new Unit("", 1);
    private static final Unit MEGABYTES = new Unit(" MB", 1_000_000);

    private static final Deque<Progress> RUNNING = new ArrayDeque<>();
    private static Line line;
    private static ProgressBar bar;

    private record Unit(String name, long size) {
    }

    private final String task;
    private final Unit unit;
    private long total;
    private long done;
    private String what = "";

    private Progress(String task, long total, Unit unit) {
        this.task = task;
        this.total = total;
        this.unit = unit;
    }

    /**
     * Begins a task, inside the one that runs.
     *
     * @param total number of steps, or -1 where unknown
     */
    static Progress of(String task, long total) {
        return begin(new Progress(task, total, STEPS), Progress::standardError);
    }

    /**
     * Begins a task whose steps are bytes, inside the one that runs.
     *
     * @param total number of bytes, or -1 where unknown
     */
    static Progress ofBytes(String task, long total) {
        return begin(new Progress(task, total, MEGABYTES), Progress::standardError);
    }

    /** Begins a task that cannot tell how far it is, inside the one that runs. It is shown where it takes a while. */
    static Progress ofOneStep(String task) {
        Progress progress = of(task, -1);
        update();
        line.show();
        return progress;
    }

    /** Begins an outermost task that is shown elsewhere than on standard error. */
    static Progress on(Line line, String task, long total) {
        return begin(new Progress(task, total, STEPS), () -> line);
    }

    private static Progress begin(Progress progress, Supplier<Line> where) {
        if (RUNNING.isEmpty()) {
            line = where.get();
            // The library fails at a name that leaves no room for a bar.
            String name = progress.task.substring(0, Math.min(progress.task.length(), line.getMaxRenderedLength() / 2));
            bar = new ProgressBarBuilder().setTaskName(name).setInitialMax(progress.total)
                    .setUnit(progress.unit.name, progress.unit.size)
                    .setStyle(ProgressBarStyle.ASCII).setConsumer(line)
                    // The bar itself may stand still while a task inside goes on.
                    .continuousUpdate().setUpdateIntervalMillis(UPDATE_MILLIS).build();
        }
        RUNNING.addLast(progress);
        return progress;
    }

    private static Line standardError() {
        OptionalInt columns = Terminal.columns();
        // A character in the last column would make some terminals begin a new line.
        return columns.isPresent() ? new OnTerminal(System.err, columns.getAsInt() - 1) : new Nowhere();
    }

    /** Hides the bar until the next step, to make room for other output. */
    static void hide() {
        if (line != null) {
            line.hide();
        }
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
        update();
        if (line.show()) {
            bar.refresh();
        }
    }

    @Override
    public void close() {
        RUNNING.remove(this);
        if (RUNNING.isEmpty()) {
            bar.close();
            // The library clears no bar that ends before it was first drawn in its thread.
            line.hide();
        } else {
            update();
        }
    }

    private static void update() {
        Progress outermost = RUNNING.getFirst();
        bar.maxHint(outermost.total).stepTo(outermost.done).setExtraMessage(RUNNING.size() == 1 ? outermost.what
                : RUNNING.stream().skip(1).map(Progress::text).collect(Collectors.joining(" > ")));
    }

    /** This task without a bar. */
    private String text() {
        return task + (total < 0 && done == 0 ? "" : ' ' + count(done) + (total >= 0 ? '/' + count(total) : "") + unit.name)
                + (what.isEmpty() ? "" : ' ' + what);
    }

    private String count(long number) {
        return String.format(Locale.ROOT, "%,d", number / unit.size);
    }

    /** Where the bar is shown; the library draws it in a thread of its own. */
    abstract static class Line extends ConsoleProgressBarConsumer {

        Line(PrintStream out, int columns) {
            super(out, columns);
        }

        /** @return whether it was hidden */
        boolean show() {
            return false;
        }

        void hide() {
        }

        /** The library would begin a new line. */
        @Override
        public void close() {
        }
    }

    /** A bar that is drawn over itself. */
    static final class OnTerminal extends Line {

        private boolean hidden = true;

        OnTerminal(PrintStream out, int columns) {
            super(out, columns);
        }

        @Override
        public synchronized void accept(String text) {
            if (!hidden) {
                super.accept(text);
            }
        }

        @Override
        synchronized boolean show() {
            boolean was = hidden;
            hidden = false;
            return was;
        }

        @Override
        synchronized void hide() {
            if (!hidden) {
                clear();
                hidden = true;
            }
        }
    }

    /** Where there is no terminal. */
    static final class Nowhere extends Line {

        private static final int COLUMNS = 100;

        Nowhere() {
            super(System.err, COLUMNS);
        }

        @Override
        public void accept(String text) {
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
            long steps = total < 0 ? batches : total;
            // Each attempt of a search quantizes anew.
            if (progress == null || now != phase || done < progress.done) {
                close();
                phase = now;
                progress = of(task + now.name().toLowerCase(Locale.ROOT), steps);
            }
            progress.total = steps;
            progress.stepTo(done, what);
            if (done == steps) {
                // An attempt is evaluated next, which has a bar of its own.
                close();
            }
        }

        @Override
        public void close() {
            if (progress != null) {
                progress.close();
                progress = null;
            }
        }
    }
}
