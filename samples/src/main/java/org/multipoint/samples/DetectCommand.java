package org.multipoint.samples;

import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.multipoint.datasets.DetectionFolder;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;

/** Quantizes detectors and evaluates them by mean average precision. */
@Command(name = "detect", description = "Quantizes a detector, 8, 4 and 3 bits unless told otherwise, and evaluates it by mean average "
        + "precision: a published one (--net), or your own (--model). A model that is quantized or compiled already is evaluated.")
final class DetectCommand implements Callable<Integer> {

    private static final Integer[] WIDTHS = {8, 4, 3};

    @Spec
    private CommandSpec command;

    @ArgGroup(multiplicity = "1")
    private Subject subject;

    @Mixin
    private ComparisonOptions comparison;

    /** One of these. */
    private static final class Subject {

        @ArgGroup(exclusive = false)
        private Published published;

        @ArgGroup(exclusive = false)
        private OwnDetector own;

        private DetectionSubject chosen() {
            return own != null ? own : published;
        }
    }

    private static final class Published implements DetectionSubject {

        @Option(names = "--net", required = true, paramLabel = "NET", description = "A published detector: ${COMPLETION-CANDIDATES}.")
        private PublishedDetector net;

        @Option(names = "--data", required = true, paramLabel = "DIR", description = "Its model and images, as docs/DATA.md lays them out.")
        private Path data;

        @Override
        public String name() {
            return net.toString();
        }

        @Override
        public Network network() throws IOException {
            return net.network(data);
        }

        @Override
        public Detector detector(Network network) {
            return net.detector();
        }

        @Override
        public DetectionFolder.Builder test(Detector detector) {
            return net.test(data);
        }

        @Override
        public Optional<DetectionFolder.Builder> calibration(Detector detector) {
            return Optional.of(net.calibration(data));
        }
    }

    @Override
    public Integer call() throws Exception {
        Notebook notebook = new Notebook(command.commandLine().getOut());

        notebook.step("A trained detector");
        DetectionSubject chosen = subject.chosen();
        Network network = chosen.network();
        notebook.say("%s: %s; images in %s", chosen.name(), network, network.format());

        notebook.step("Images");
        Detector detector = chosen.detector(network);
        notebook.say("as %s, with objects of the classes %s", detector.view(), String.join(", ", detector.classes()));
        CNN2DFormat format = network.format();
        ImageSets sets = comparison.images(network, network.isPlain() ? chosen.calibration(detector).map(b -> b.format(format).build())
                : Optional.empty(), most -> limited(chosen.test(detector), most).format(format).build());
        comparison.compare(notebook, chosen.name(), network, sets, new DetectionJudge(detector), false, WIDTHS);
        comparison.sayNext(notebook, network, WIDTHS);
        return 0;
    }

    private static DetectionFolder.Builder limited(DetectionFolder.Builder images, OptionalInt limit) {
        limit.ifPresent(images::limit);
        return images;
    }
}
