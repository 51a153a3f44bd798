package org.multipoint.transform;

import org.multipoint.internal.calibration.CalibrationData;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Warnings about the calibration data: too few samples for the fan-in of layers, no examples to measure errors on, masks. */
final class CalibrationWarnings {

    /** Name under which warnings that concern all layers are reported. */
    static final String ALL = "calibration";

    /** Largest factor by which more examples are asked for: users will hardly find more. */
    private static final int MOST_TIMES = 20;

    private CalibrationWarnings() {
    }

    /**
     * @param operations   quantized operations of all layers
     * @param examples number of calibration examples
     * @param masked   whether any had a mask
     * @return warnings by operation, or by {@link #ALL}
     */
    static Map<String, String> of(List<QuantizedOperation> operations, long examples, boolean masked) {
        Map<String, String> warnings = new LinkedHashMap<>();
        List<QuantizedOperation> fitted = operations.stream().filter(s -> s.vectors() != QuantizedOperation.UNFITTED).toList();
        List<QuantizedOperation> few = fitted.stream().filter(s -> s.vectors() < s.matrix().columns())
                .sorted(Comparator.comparingDouble(CalibrationWarnings::share)).toList();
        if (!few.isEmpty()) {
            QuantizedOperation worst = few.get(0);
            String others = switch (few.size()) {
                case 1 -> "";
                case 2 -> ", and 1 other layer has too few";
                default -> ", and " + (few.size() - 1) + " other layers have too few";
            };
            long times = (long) Math.ceil(1 / share(worst));
            warnings.put(worst.name(), String.format(Locale.ROOT, "few samples: %,d independent input vectors for %,d columns%s; calibrate on "
                    + "%s examples", worst.vectors(), worst.matrix().columns(), others, times <= MOST_TIMES ? times + " times as many" : "more"));
        }
        if (!fitted.isEmpty() && examples < CalibrationData.HELD_OUT) {
            warnings.put(ALL, String.format(Locale.ROOT, "output errors were measured on the %d examples that weights were fitted to, and are "
                    + "larger on others; of %d or more, some are held out to measure them", examples, CalibrationData.HELD_OUT));
        }
        if (masked) {
            warnings.merge(ALL, "masks of the features are looked at for recurrent layers only: steps that they leave out count as inputs of all others", (a, b) -> a + "; " + b);
        }
        return warnings;
    }

    private static double share(QuantizedOperation operation) {
        return (double) operation.vectors() / operation.matrix().columns();
    }
}
