package org.multipoint.internal.engine;

import org.multipoint.internal.engine.Program.Add;
import org.multipoint.internal.engine.Program.Affine;
import org.multipoint.internal.engine.Program.FloatWeights;
import org.multipoint.internal.engine.Program.Instruction;
import org.multipoint.internal.engine.Program.IntegerWeights;
import org.multipoint.internal.engine.Program.Linear;
import org.multipoint.points.IntegerRows;

import java.util.ArrayList;
import java.util.List;

/** Takes the factor and shift of each channel that comes right after a linear operation into its weights and bias. */
final class AffineFolding {

    private AffineFolding() {
    }

    /** The same values with the same numbers; what was folded is left as a sum of one image, which {@link Fusion} makes nothing of. */
    static Program fold(Program program) {
        int[] uses = program.uses();
        List<Instruction> folded = new ArrayList<>(program.instructions());
        for (int i = 0; i < folded.size(); i++) {
            if (folded.get(i) instanceof Affine a && a.input() >= program.inputs() && uses[a.input()] == 1
                    && folded.get(a.input() - program.inputs()) instanceof Linear l) {
                folded.set(a.input() - program.inputs(), new Linear(l.input(), l.op(), scaled(l.weights(), a.factor()), bias(l, a)));
                folded.set(i, new Add(List.of(a.input())));
            }
        }
        return new Program(program.inputs(), program.channelsLast(), folded);
    }

    private static float[] bias(Linear l, Affine a) {
        float[] bias = new float[l.bias().length];
        for (int r = 0; r < bias.length; r++) {
            bias[r] = l.bias()[r] * a.factor()[r] + a.shift()[r];
        }
        return bias;
    }

    private static Program.Weights scaled(Program.Weights weights, float[] factor) {
        if (weights instanceof IntegerWeights w) {
            float[] scales = new float[factor.length];
            for (int r = 0; r < scales.length; r++) {
                scales[r] = w.rows().scales()[r] * factor[r];
            }
            IntegerRows rows = w.rows();
            return new IntegerWeights(new IntegerRows(rows.rows(), rows.columns(), rows.codes(), scales, rows.rounding()), w.input());
        }
        float[] matrix = ((FloatWeights) weights).matrix().clone();
        int columns = matrix.length / factor.length;
        for (int i = 0; i < matrix.length; i++) {
            matrix[i] *= factor[i / columns];
        }
        return new FloatWeights(matrix);
    }
}
