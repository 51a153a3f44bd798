package org.multipoint.samples;

import org.multipoint.internal.text.TextTable;
import org.multipoint.samples.Differences.Example;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.jackson.annotation.JsonInclude;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

/** Tells how two models differ. */
@Command(name = "compare", description = "Tells how far two models agree on images or vectors, which need no classes: how often the most "
        + "likely class is the same, how far probabilities diverge, and which images change their class.")
final class CompareCommand implements Callable<Integer> {

    @Spec
    private CommandSpec command;

    @Parameters(index = "0", paramLabel = "A", description = ModelParameter.FORMATS)
    private Path first;

    @Parameters(index = "1", paramLabel = "B", description = "Another one with the same inputs and classes.")
    private Path second;

    @Mixin
    private ExampleOptions options;

    @Mixin
    private TestCount test;

    @Mixin
    private JsonOption json;

    private int most;

    @Option(names = "--list", defaultValue = "20", paramLabel = "N",
            description = "Images with another class that are listed at most; default ${DEFAULT-VALUE}.")
    void setMost(int images) {
        most = Arguments.checked(command, "--list", images, images >= 0, "0 or more");
    }

    /** An image or vector that changes its class. */
    private record Changed(String name, Example example) {
    }

    /**
     * The results, for other programs. Names and meanings of fields stay.
     *
     * @param agreement   share of images whose most likely class is the same
     * @param kl          mean Kullback-Leibler divergence of B's class probabilities from A's, in nats; null where outputs are none
     * @param largest     largest difference of an output
     * @param top1A       share of images whose class A tells; null where classes are not known
     * @param msPerImageA time of a forward pass of the compiled network, for each image
     * @param changed     images whose most likely class differs
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Results(String a, String b, int images, double agreement, Double kl, double largest, Double top1A, Double top1B, long bytesA,
                   long bytesB, double msPerImageA, double msPerImageB, List<ChangedImage> changed) {
    }

    /** An image whose most likely class differs: the classes, and the probabilities that each network gives its own. */
    record ChangedImage(String file, String classOfA, double probabilityOfA, String classOfB, double probabilityOfB) {
    }

    @Override
    public Integer call() throws Exception {
        Notebook notebook = new Notebook(command.commandLine().getOut());

        notebook.step("Two models");
        Network a = SavedModel.read(first);
        notebook.say("A, %s: %s", first, a);
        Network b = SavedModel.read(second);
        notebook.say("B, %s: %s", second, b);

        Optional<ClassNames> told = options.classesIfTold(a, first);
        ClassNames classes = told.isPresent() ? told.get() : options.names(a);
        try (Examples examples = options.open(a, first, test.get(), told)) {
            notebook.step("Agreement on %s", examples);
            Network fastA = a.compiled();
            Network fastB = b.compiled();
            Differences found = Differences.of("comparison", fastA, fastB, examples.data(), examples.count());
            notebook.say("The most likely class is the same for %.2f %% of the %s%s; the largest difference of an output is %.4f",
                    100 * found.agreement(), examples.kind(), Measured.known(", divergence of B from A %.4f", found.divergence()),
                    found.largest());
            if (told.isPresent()) {
                notebook.say("A tells the class of %.2f %% of the %s, B of %.2f %%", 100 * found.top1(true), examples.kind(),
                        100 * found.top1(false));
            }
            INDArray some = examples.some();
            double msA = Evaluations.msPerImage(fastA, some);
            double msB = Evaluations.msPerImage(fastB, some);
            notebook.say("A has %,d bytes and takes %.2f ms for each %s, compiled; B %,d bytes and %.2f ms", Files.size(first), msA,
                    examples.one(), Files.size(second), msB);

            List<String> names = examples.names();
            List<Changed> changed = found.changed().stream().map(i -> new Changed(names.get(i), found.examples().get(i))).toList();
            if (!changed.isEmpty()) {
                notebook.step("%,d %s change their class%s", changed.size(), examples.kind(),
                        changed.size() > most ? ", those that change most:" : "");
                notebook.say("%s", table(examples, classes, told.isPresent())
                        .toString(changed.subList(0, Math.min(most, changed.size())), Terminal.textColumns()));
            }
            examples.saySkipped(notebook);
            json.write(() -> new Results(first.toString(), second.toString(), found.examples().size(), found.agreement(),
                    ResultJson.known(found.divergence()), found.largest(), ResultJson.known(found.top1(true)),
                    ResultJson.known(found.top1(false)), size(first), size(second), msA, msB,
                    changed.stream().map(c -> changed(examples.inFull(c.name), c.example, classes)).toList()), notebook);
        }
        if (a.isPlain()) {
            notebook.next("find out which layers matter", "sensitivity " + Arguments.quoted(first) + options.asGiven());
        }
        return 0;
    }

    private static long size(Path file) {
        return file.toFile().length();
    }

    private static ChangedImage changed(String name, Example e, ClassNames classes) {
        return new ChangedImage(name, classes.name(e.first()), e.firstConfidence(), classes.name(e.second()), e.secondConfidence());
    }

    private static TextTable<Changed> table(Examples examples, ClassNames classes, boolean labelled) {
        TextTable<Changed> table = new TextTable<Changed>().text(examples.one(), Changed::name)
                .text("A", c -> classes.name(c.example.first())).number("%", c -> ClassTable.percent(c.example.firstConfidence()))
                .text("B", c -> classes.name(c.example.second())).number("%", c -> ClassTable.percent(c.example.secondConfidence()));
        return labelled ? table.text("it is", c -> c.example.actual() == c.example.first() ? "A's"
                : c.example.actual() == c.example.second() ? "B's" : classes.name(c.example.actual())) : table;
    }
}
