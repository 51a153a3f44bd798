package org.multipoint.training;

import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.Trainable;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What happens to the gradients of a step between the backward pass and the optimizer, and to weights behind it: gradients are rounded and
 * divided by the loss scale before Deeplearning4j clips them and adds regularization; a step whose gradients are not finite is undone.
 */
final class LowPrecisionListener extends BaseTrainingListener {

    private final LossScaler scaler;
    /** Names of the layers whose parameters are rounded. */
    private final Set<String> rounded;
    /** Null where gradients are not rounded. */
    private final Rounder gradients;
    /** Null where weights are not rounded. */
    private final Rounder master;
    private List<INDArray> derivatives;
    private Skipped skipped;

    /** What a step must not change: parameters and the state of the optimizer, which is null where there is none. */
    private record Skipped(INDArray params, INDArray state) {
    }

    LowPrecisionListener(LossScaler scaler, Set<String> rounded, Rounder gradients, Rounder master) {
        this.scaler = scaler;
        this.rounded = rounded;
        this.gradients = gradients;
        this.master = master;
    }

    @Override
    public void onGradientCalculation(Model model) {
        if (gradients != null) {
            roundedLayers(model).forEach(layer -> gradients.round(layer.getGradientsViewArray(), true));
        }
        if (derivatives == null) {
            derivatives = derivatives(model);
        }
        if (scaler.factor() != 1) {
            derivatives.forEach(array -> array.muli(1 / scaler.factor()));
        }
        scaler.unscaled();
        if (scaler.skips() && !isFinite(model.getGradientsViewArray())) {
            INDArray state = Networks.updaterState(model);
            skipped = new Skipped(model.params().dup(), state == null ? null : state.dup());
            // The optimizer must not see them.
            model.getGradientsViewArray().assign(0);
        }
    }

    @Override
    public void iterationDone(Model model, int iteration, int epoch) {
        scaler.done(skipped != null);
        if (skipped != null) {
            model.params().assign(skipped.params);
            if (skipped.state != null) {
                Networks.updaterState(model).assign(skipped.state);
            }
            skipped = null;
        } else {
            roundMaster(model);
        }
    }

    /** Rounds the weights themselves. */
    void roundMaster(Model model) {
        if (master != null) {
            roundedLayers(model).forEach(layer -> master.round(layer.params(), true));
        }
    }

    private List<Trainable> roundedLayers(Model model) {
        return Networks.layers(model).stream().filter(layer -> rounded.contains(layer.getConfig().getLayerName())).toList();
    }

    /** The gradients without the changes of running means and variances, which stand among them, but do not depend on the loss. */
    private static List<INDArray> derivatives(Model model) {
        List<INDArray> views = new ArrayList<>();
        for (Trainable layer : Networks.layers(model)) {
            INDArray all = layer.getGradientsViewArray().reshape(layer.getGradientsViewArray().length());
            long from = 0;
            for (Map.Entry<String, INDArray> param : layer.paramTable(false).entrySet()) {
                long to = from + param.getValue().length();
                // Deeplearning4j makes the same difference: the others are not divided by the number of examples.
                if (layer.updaterDivideByMinibatch(param.getKey())) {
                    views.add(all.get(NDArrayIndex.interval(from, to)));
                }
                from = to;
            }
        }
        return views;
    }

    /** Sums of finite numbers may overflow; those of numbers times zero do not. */
    private static boolean isFinite(INDArray array) {
        try (INDArray zeros = array.mul(0)) {
            return Double.isFinite(zeros.sumNumber().doubleValue());
        }
    }
}
