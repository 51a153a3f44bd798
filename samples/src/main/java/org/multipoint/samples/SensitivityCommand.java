package org.multipoint.samples;

import org.deeplearning4j.nn.api.Model;
import org.multipoint.report.SensitivityReport;
import org.multipoint.report.SensitivityReport.LayerSensitivity;
import org.multipoint.transform.Multipoint;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;

/** Tells which layers suffer most from quantization. */
@Command(name = "sensitivity", description = "Quantizes a model, and measures what each layer does to its outputs, alone and by what remains where "
        + "all others are quantized. One in eight examples is held out to measure on. "
        + "Tells which layers to leave out. With 4 bits and 10 %% extra points unless told otherwise.")
final class SensitivityCommand implements Callable<Integer> {

    private static final int CALIBRATION = 256;
    /** Layers that are suggested to be left out, at most. */
    private static final int MOST_LEFT_OUT = 3;
    /** Share of the divergence that a layer must be worth. */
    private static final double WORTHWHILE = 0.15;

    @Spec
    private CommandSpec command;

    @Mixin
    private ModelParameter model;

    @Mixin
    private ExampleOptions options;

    @Mixin
    private CalibrationCount count;

    @Mixin
    private QuantizationOptions quantization;

    @Mixin
    private JsonOption json;

    @Override
    public Integer call() throws Exception {
        List<Integer> widths = quantization.bits(4);
        if (widths.size() > 1 || quantization.maxDrop().isPresent()) {
            throw new ParameterException(command.commandLine(),
                    "Sensitivities are measured for one width or size: no several --bits, and no --max-drop");
        }
        Notebook notebook = new Notebook(command.commandLine().getOut());

        Network network = model.readPlain(notebook);
        SensitivityReport report;
        try (Examples examples = options.open(network, model.file(), OptionalInt.of(count.or(CALIBRATION)), Optional.empty())) {
            notebook.step("What each layer does to the outputs, on %s", examples);
            Multipoint<? extends Model> multipoint = quantization.apply(network.quantizer().calibrate(examples.data()));
            widths.forEach(multipoint::bits);
            try (Progress.OfTransform progress = new Progress.OfTransform("", examples.data().batches())) {
                report = multipoint.listener(progress).sensitivity();
            }
        }
        notebook.say("%s", report.toText(Terminal.textColumns()));
        json.write(() -> report, notebook);
        suggest(notebook, report);
        return 0;
    }

    private void suggest(Notebook notebook, SensitivityReport report) {
        List<LayerSensitivity> worth = new ArrayList<>(report.byGain());
        worth.removeIf(layer -> report.gain(layer) < WORTHWHILE * report.all());
        String quantize = "quantize " + Arguments.quoted(model.file()) + options.asGiven() + quantization.asGiven();
        if (worth.isEmpty()) {
            notebook.say("No layer makes up %.0f %% of the divergence: rather give all of them more bits.", 100 * WORTHWHILE);
            notebook.next("quantize all layers", quantize + " --out small.zip");
            return;
        }
        worth.sort(Comparator.comparingDouble(l -> -report.gain(l) / l.bytesInFp32()));
        List<LayerSensitivity> chosen = worth.subList(0, Math.min(MOST_LEFT_OUT, worth.size()));
        notebook.say("Worth %.0f %% of the divergence or more, and to be left out, or to be given more bits (--layer-bits):", 100 * WORTHWHILE);
        chosen.forEach(l -> notebook.say("  \"%s\": in fp32 the divergence falls by %.0f %%, and the file grows by %,d bytes", l.name(),
                100 * report.gain(l) / report.all(), l.bytesInFp32()));
        String names = chosen.stream().map(LayerSensitivity::name).collect(Collectors.joining(","));
        notebook.next("leave them out", quantize + " --leave-out " + Arguments.quoted(names) + " --out small.zip");
    }
}
