package org.multipoint.samples;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.multipoint.formats.NumberFormat;
import org.multipoint.training.LossScaling;
import org.multipoint.training.LowPrecision;
import org.multipoint.training.TensorKind;

import java.util.function.ObjIntConsumer;

import static org.multipoint.training.TensorKind.ACTIVATIONS;
import static org.multipoint.training.TensorKind.ERRORS;
import static org.multipoint.training.TensorKind.GRADIENTS;
import static org.multipoint.training.TensorKind.INPUTS;
import static org.multipoint.training.TensorKind.MASTER;
import static org.multipoint.training.TensorKind.UPDATE;
import static org.multipoint.training.TensorKind.WEIGHTS;

/** Which numbers of a run of training have few bits. */
enum LowPrecisionSetting {

    FP32("fp32", (training, steps) -> { }),

    /** Mixed precision (Micikevicius et al. 2018). */
    FP16("fp16, loss scaled", (training, steps) -> training.round(NumberFormat.FP16, passes()).lossScaling(scaling(steps))),

    FP16_UNSCALED("fp16, loss not scaled", (training, steps) -> training.round(NumberFormat.FP16, passes())),

    FP16_THROUGHOUT("fp16 throughout, loss scaled", (training, steps) ->
            training.round(NumberFormat.FP16, TensorKind.values()).lossScaling(scaling(steps))),

    FP16_CHANCE("fp16 throughout, master by chance", (training, steps) -> {
        FP16_THROUGHOUT.apply(training, steps);
        training.roundStochastically(NumberFormat.FP16, MASTER);
    }),

    BF16("bf16, loss not scaled", (training, steps) -> training.round(NumberFormat.BF16, passes())),

    /** 8 bits (Mellempudi et al. 2019): the network's inputs and the master weights have 16. */
    FP8("fp8 e5m2, nearest", (training, steps) ->
            training.round(NumberFormat.E5M2, passes()).round(NumberFormat.FP16, INPUTS, MASTER).lossScaling(rising(steps))),

    FP8_STOCHASTIC("fp8 e5m2, stochastic", (training, steps) -> {
        FP8.apply(training, steps);
        training.roundStochastically(NumberFormat.E5M2, ACTIVATIONS, ERRORS, GRADIENTS);
    }),

    FP8_MIXED("fp8 e4m3 forward, e5m2 backward", (training, steps) -> {
        FP8.apply(training, steps);
        training.round(NumberFormat.E4M3, WEIGHTS, ACTIVATIONS);
    }),

    FP16_WEIGHTS("weights alone", (training, steps) -> training.round(NumberFormat.FP16, WEIGHTS)),

    FP16_ACTIVATIONS("activations alone", (training, steps) -> training.round(NumberFormat.FP16, INPUTS, ACTIVATIONS)),

    FP16_ERRORS("errors alone", (training, steps) -> training.round(NumberFormat.FP16, ERRORS)),

    FP16_GRADIENTS("gradients alone", (training, steps) -> training.round(NumberFormat.FP16, GRADIENTS)),

    FP16_UPDATE("update alone", (training, steps) -> training.round(NumberFormat.FP16, UPDATE)),

    FP16_MASTER("master alone", (training, steps) -> training.round(NumberFormat.FP16, MASTER));

    private static final double FIRST_SCALE = 1 << 15;
    /** Changes of the scale upwards that a run has the time for. */
    private static final int DOUBLINGS = 10;

    private final String title;
    private final ObjIntConsumer<LowPrecision<ComputationGraph>> roundings;

    LowPrecisionSetting(String title, ObjIntConsumer<LowPrecision<ComputationGraph>> roundings) {
        this.title = title;
        this.roundings = roundings;
    }

    /** @param steps of the whole run */
    void apply(LowPrecision<ComputationGraph> training, int steps) {
        roundings.accept(training, steps);
    }

    private static TensorKind[] passes() {
        return new TensorKind[]{WEIGHTS, ACTIVATIONS, ERRORS, GRADIENTS};
    }

    /** Whether but one kind of tensors is rounded, to fp16. */
    boolean isAlone() {
        return ordinal() >= FP16_WEIGHTS.ordinal();
    }

    private static LossScaling scaling(int steps) {
        return LossScaling.dynamic(FIRST_SCALE, Math.max(1, steps / DOUBLINGS));
    }

    /** Enhanced loss scaling: a floor that rises as errors become smaller. */
    private static LossScaling rising(int steps) {
        return scaling(steps).withFloor(steps / 4, 1 << 4).withFloor(steps / 2, 1 << 6);
    }

    /** A name for tables. */
    String title() {
        return title;
    }
}
