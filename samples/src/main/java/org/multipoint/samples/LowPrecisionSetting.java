package org.multipoint.samples;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.multipoint.formats.NumberFormat;
import org.multipoint.training.LossScaling;
import org.multipoint.training.LowPrecision;
import org.multipoint.training.TensorKind;

import static org.multipoint.training.TensorKind.ACTIVATIONS;
import static org.multipoint.training.TensorKind.ERRORS;
import static org.multipoint.training.TensorKind.GRADIENTS;
import static org.multipoint.training.TensorKind.INPUTS;
import static org.multipoint.training.TensorKind.MASTER;
import static org.multipoint.training.TensorKind.UPDATE;
import static org.multipoint.training.TensorKind.WEIGHTS;

/** Which numbers of a run of training have few bits. */
enum LowPrecisionSetting {

    FP32("fp32") {
        @Override
        void apply(LowPrecision<ComputationGraph> training, int steps) {
        }
    },

    /** Mixed precision (Micikevicius et al. 2018). */
    FP16("fp16, loss scaled") {
        @Override
        void apply(LowPrecision<ComputationGraph> training, int steps) {
            training.round(NumberFormat.FP16, PASSES).lossScaling(scaling(steps));
        }
    },

    FP16_UNSCALED("fp16, loss not scaled") {
        @Override
        void apply(LowPrecision<ComputationGraph> training, int steps) {
            training.round(NumberFormat.FP16, PASSES);
        }
    },

    FP16_THROUGHOUT("fp16 throughout, loss scaled") {
        @Override
        void apply(LowPrecision<ComputationGraph> training, int steps) {
            training.round(NumberFormat.FP16, TensorKind.values()).lossScaling(scaling(steps));
        }
    },

    FP16_CHANCE("fp16 throughout, master by chance") {
        @Override
        void apply(LowPrecision<ComputationGraph> training, int steps) {
            FP16_THROUGHOUT.apply(training, steps);
            training.roundStochastically(NumberFormat.FP16, MASTER);
        }
    },

    BF16("bf16, loss not scaled") {
        @Override
        void apply(LowPrecision<ComputationGraph> training, int steps) {
            training.round(NumberFormat.BF16, PASSES);
        }
    },

    /** 8 bits (Mellempudi et al. 2019): the network's inputs and the master weights have 16. */
    FP8("fp8 e5m2, nearest") {
        @Override
        void apply(LowPrecision<ComputationGraph> training, int steps) {
            training.round(NumberFormat.E5M2, PASSES).round(NumberFormat.FP16, INPUTS, MASTER).lossScaling(rising(steps));
        }
    },

    FP8_STOCHASTIC("fp8 e5m2, stochastic") {
        @Override
        void apply(LowPrecision<ComputationGraph> training, int steps) {
            FP8.apply(training, steps);
            training.roundStochastically(NumberFormat.E5M2, ACTIVATIONS, ERRORS, GRADIENTS);
        }
    },

    FP8_MIXED("fp8 e4m3 forward, e5m2 backward") {
        @Override
        void apply(LowPrecision<ComputationGraph> training, int steps) {
            FP8.apply(training, steps);
            training.round(NumberFormat.E4M3, WEIGHTS, ACTIVATIONS);
        }
    },

    FP16_WEIGHTS("weights alone") {
        @Override
        void apply(LowPrecision<ComputationGraph> training, int steps) {
            training.round(NumberFormat.FP16, WEIGHTS);
        }
    },

    FP16_ACTIVATIONS("activations alone") {
        @Override
        void apply(LowPrecision<ComputationGraph> training, int steps) {
            training.round(NumberFormat.FP16, INPUTS, ACTIVATIONS);
        }
    },

    FP16_ERRORS("errors alone") {
        @Override
        void apply(LowPrecision<ComputationGraph> training, int steps) {
            training.round(NumberFormat.FP16, ERRORS);
        }
    },

    FP16_GRADIENTS("gradients alone") {
        @Override
        void apply(LowPrecision<ComputationGraph> training, int steps) {
            training.round(NumberFormat.FP16, GRADIENTS);
        }
    },

    FP16_UPDATE("update alone") {
        @Override
        void apply(LowPrecision<ComputationGraph> training, int steps) {
            training.round(NumberFormat.FP16, UPDATE);
        }
    },

    FP16_MASTER("master alone") {
        @Override
        void apply(LowPrecision<ComputationGraph> training, int steps) {
            training.round(NumberFormat.FP16, MASTER);
        }
    };

    private static final TensorKind[] PASSES = {WEIGHTS, ACTIVATIONS, ERRORS, GRADIENTS};
    private static final double FIRST_SCALE = 1 << 15;
    /** Changes of the scale upwards that a run has the time for. */
    private static final int DOUBLINGS = 10;

    private final String title;

    LowPrecisionSetting(String title) {
        this.title = title;
    }

    /** @param steps of the whole run */
    abstract void apply(LowPrecision<ComputationGraph> training, int steps);

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
