package org.multipoint.samples;

import org.multipoint.datasets.ImageIterator;
import org.multipoint.datasets.ImageList;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** The options for a network beside what quantization makes of it, on images some of which settings can be chosen on. */
final class ComparisonOptions {

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Mixin
    private QuantizationOptions quantization;

    @Mixin
    private ReportedHalf half;

    @Mixin
    private RunOptions run;

    /** Images that are not read before they are needed. */
    @FunctionalInterface
    interface Images {

        /** @param most of the images */
        ImageList open(OptionalInt most) throws IOException;
    }

    /**
     * The images of a run.
     *
     * @param calibration what a network in fp32 is calibrated on; where empty, some of the others
     * @throws IllegalArgumentException where there are not enough images
     */
    ImageSets images(Network network, Optional<? extends ImageIterator> calibration, Images others) throws IOException {
        boolean searches = network.isPlain() && quantization.maxDrop().isPresent();
        return network.isPlain() && calibration.isEmpty() ? ImageSets.of(others.open(OptionalInt.empty()), run.test(), half.get(), searches)
                : ImageSets.of(calibration.orElse(null), others.open(run.test()), half.get(), searches);
    }

    /**
     * Compares, and closes the images.
     *
     * @param model            name for reports
     * @param byDeeplearning4j whether Deeplearning4j's own layers evaluate the network as it is
     * @param widths           of codes where nothing else is asked for
     */
    void compare(Notebook notebook, String model, Network network, ImageSets images, Judge<?> judge, boolean byDeeplearning4j,
                 Integer... widths) throws IOException {
        try (images) {
            new Comparison<>(notebook, model, network, images, judge).show(quantization, quantization.bits(widths), run, byDeeplearning4j);
            images.saySkipped(notebook);
        }
    }

    /**
     * Says what can be done next: to keep the quantized model, or to look into it.
     *
     * @param widths of codes where nothing else is asked for
     */
    void sayNext(Notebook notebook, Network network, Integer... widths) {
        if (network.isPlain() && run.out().isEmpty()) {
            notebook.next("keep the quantized model", command.name() + Arguments.asGiven(command) + " --out small.zip");
            return;
        }
        List<Integer> tried = quantization.bits(widths);
        Object file = !network.isPlain() ? command.commandLine().getParseResult().matchedOptionValue("--model", (Object) null)
                : tried.size() > 1 ? Comparison.withBits(run.out().orElseThrow(), tried.get(0)) : run.out().orElseThrow();
        notebook.next("see what the model is made of", "inspect " + Arguments.quoted(file));
    }
}
