package org.multipoint.transform;

import org.multipoint.options.MultipointOptions;

import java.util.Map;

/** A method that fits weights to inputs: layers are quantized one after another by {@link SequentialQuantization}. */
abstract class FittedMethod extends MethodStrategy {

    FittedMethod(MultipointOptions options, Budget budget) {
        super(options, budget);
    }

    @Override
    final boolean isSequential() {
        return true;
    }

    @Override
    final boolean correctsBias() {
        return options.biasCorrection();
    }

    @Override
    final boolean pairsMoments() {
        return options.quantizedInputs();
    }

    @Override
    void describe(Map<String, String> settings) {
        settings.put("quantizedInputs", String.valueOf(options.quantizedInputs()));
        settings.put("targetMatching", options.targetMatching() ? "ridge " + options.ridge() : "off");
        settings.put("shortcutMatching", String.valueOf(options.shortcutMatching()));
        settings.put("biasCorrection", String.valueOf(options.biasCorrection()));
    }
}
