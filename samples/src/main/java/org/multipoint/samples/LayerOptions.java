package org.multipoint.samples;

import org.multipoint.points.CodeGrid;
import org.multipoint.transform.Multipoint;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.util.List;
import java.util.Map;

/** The options for single layers and for activations. */
final class LayerOptions {

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    private int activationBits;
    private Map<String, Integer> layerBits = Map.of();

    @Option(names = "--leave-out", split = ",", paramLabel = "LAYERS", description = "Names of layers that stay in fp32; inspect lists them.")
    private List<String> leftOut = List.of();

    @Option(names = "--activation-bits", defaultValue = "8", paramLabel = "BITS",
            description = "Width of quantized activations, 2 to 8, or 0 to leave them in fp32; default ${DEFAULT-VALUE}.")
    void setActivationBits(int width) {
        activationBits = Arguments.checked(command, "--activation-bits", width, width == 0 || width >= 2 && width <= 8, "2 to 8, or 0");
    }

    @Option(names = "--layer-bits", split = ",", paramLabel = "LAYER=BITS",
            description = "Width of a code in single layers, 2 to 8, as in conv1=8; of entropy-coded ones the most bits that a weight takes.")
    void setLayerBits(Map<String, Integer> widths) {
        layerBits = widths;
        widths.forEach((layer, b) -> Arguments.checked(command, "--layer-bits", b, b >= CodeGrid.MIN_BITS && b <= CodeGrid.MAX_BITS,
                CodeGrid.MIN_BITS + " to " + CodeGrid.MAX_BITS));
    }

    <M> Multipoint<M> apply(Multipoint<M> multipoint) {
        layerBits.forEach(multipoint::bits);
        return multipoint.activationBits(activationBits).leaveOut(leftOut.toArray(String[]::new));
    }
}
