package org.multipoint.samples;

import org.multipoint.internal.text.TextTable;
import org.nd4j.evaluation.classification.Evaluation;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** What a classifier makes of the images of each class, as text. */
final class ClassTable {

    /** Classes that are shown at most. */
    private static final int MOST_CLASSES = 20;
    private static final int MOST_CONFUSIONS = 10;

    private final Evaluation evaluation;
    private final ClassNames classes;

    private record Row(String name, int images, double recall, double precision) {
    }

    private record Confusion(int actual, int predicted, int images) {
    }

    ClassTable(Evaluation evaluation, ClassNames classes) {
        this.evaluation = evaluation;
        this.classes = classes;
    }

    /** The table of the classes that have images, those of which the least images are recognized first, and the most frequent confusions. */
    String toText(int width) {
        List<Row> rows = IntStream.range(0, classes.count()).filter(c -> images(c) > 0)
                .mapToObj(c -> new Row(classes.name(c), images(c), evaluation.recall(c), evaluation.precision(c)))
                .sorted(Comparator.comparingDouble(Row::recall)).toList();
        String table = new TextTable<Row>().text("class", Row::name)
                .number("images", r -> String.format(Locale.ROOT, "%,d", r.images))
                .number("recognized %", r -> percent(r.recall))
                .number("right where it is named %", r -> percent(r.precision))
                .toString(rows.subList(0, Math.min(MOST_CLASSES, rows.size())), width);
        String rest = rows.size() > MOST_CLASSES ? String.format(Locale.ROOT, "%nand %,d classes that are recognized more often",
                rows.size() - MOST_CLASSES) : "";
        return table + rest + confusions();
    }

    private int images(int label) {
        return evaluation.getConfusionMatrix().getActualTotal(label);
    }

    private String confusions() {
        List<Confusion> found = new ArrayList<>();
        for (int actual : evaluation.getConfusionMatrix().getClasses()) {
            for (int predicted : evaluation.getConfusionMatrix().getClasses()) {
                int images = actual == predicted ? 0 : evaluation.getConfusionMatrix().getCount(actual, predicted);
                if (images > 0) {
                    found.add(new Confusion(actual, predicted, images));
                }
            }
        }
        found.sort(Comparator.comparingInt(Confusion::images).reversed());
        StringBuilder text = new StringBuilder();
        found.stream().limit(MOST_CONFUSIONS).forEach(c -> text.append(String.format(Locale.ROOT, "%n%s taken for %s: %,d of %,d",
                classes.name(c.actual), classes.name(c.predicted), c.images, images(c.actual))));
        return text.toString();
    }

    static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f", 100 * share);
    }
}
