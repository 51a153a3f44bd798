package org.multipoint.samples;

import org.multipoint.internal.ops.Tensor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;

/** Tells the classes of images or vectors. */
@Command(name = "predict", description = "Tells what a model takes images or vectors for: the most likely classes and their probabilities, "
        + "and the time that one takes.")
final class PredictCommand implements Callable<Integer> {

    @Spec
    private CommandSpec command;

    @Mixin
    private ModelParameter model;

    @Parameters(index = "1..*", arity = "0..*", paramLabel = "IMAGE", description = "Image files.")
    private List<Path> images = List.of();

    @Option(names = "--csv", paramLabel = "FILE.csv", description = "Instead of images: " + ExampleOptions.VECTORS)
    private Path vectors;

    @Mixin
    private ImageOptions options;

    private int top;

    @Option(names = "--top", defaultValue = "5", paramLabel = "N", description = "Classes that are told of each image; default ${DEFAULT-VALUE}.")
    void setTop(int classes) {
        top = Arguments.positive(command, "--top", classes);
    }

    @Override
    public Integer call() throws Exception {
        if (images.isEmpty() == (vectors == null)) {
            throw new ParameterException(command.commandLine(), "Give either IMAGE... or --csv FILE.csv");
        }
        Notebook notebook = new Notebook(command.commandLine().getOut());
        Network network = model.read();
        ClassNames classes = options.classes(network);
        List<String> names;
        INDArray batch;
        if (vectors == null) {
            names = images.stream().map(Path::toString).toList();
            batch = options.read(images, network, model.file());
        } else {
            try (Examples examples = Examples.ofVectors(vectors, network, model.file(), OptionalInt.empty(), Optional.empty())) {
                names = examples.names();
                batch = examples.data().next(examples.count()).getFeatures();
            }
        }
        Network compiled = network.compiled();
        for (int i = 0; i < names.size(); i++) {
            notebook.say("%s", names.get(i));
            try (INDArray output = compiled.output(one(batch, i))) {
                if (output.rank() != 2) {
                    throw new IllegalArgumentException(model.file() + " has outputs of the shape " + Arrays.toString(output.shape())
                            + ", expected one value for each class");
                }
                float[] values = Tensor.of(output).data();
                mostLikely(values).forEach(c -> notebook.say("  %6.2f %%  %s", 100 * values[c], classes.name(c)));
            }
        }
        INDArray first = one(batch, 0);
        notebook.say("%n%.2f ms each, one at a time, compiled; %.2f ms in Deeplearning4j", Evaluations.msPerImage(compiled, first),
                Evaluations.msPerImage(network, first));
        notebook.next("find out how often it is right", "evaluate " + Arguments.quoted(model.file())
                + (vectors == null ? " --images DIR" : " --csv " + Arguments.quoted(vectors)) + options.asGiven());
        return 0;
    }

    private static INDArray one(INDArray batch, int index) {
        return batch.get(NDArrayIndex.interval(index, index + 1)).dup();
    }

    /** Indices of the largest values, the largest first. */
    private List<Integer> mostLikely(float[] values) {
        return IntStream.range(0, values.length).boxed().sorted(Comparator.comparingDouble(c -> -values[c])).limit(top).toList();
    }
}
