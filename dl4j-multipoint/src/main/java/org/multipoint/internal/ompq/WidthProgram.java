package org.multipoint.internal.ompq;

import org.ojalgo.optimisation.Expression;
import org.ojalgo.optimisation.ExpressionsBasedModel;
import org.ojalgo.optimisation.Optimisation;
import org.ojalgo.optimisation.Variable;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The widths of all layers' codes as a linear program: the sum of width times importance as large as possible, within so many bits. A
 * solution at a corner has at most one layer between its bounds, and the sum of widths does not fall when the bits grow; so it is rounded
 * down, which keeps both, instead of being solved for integers, whose sum may fall where one layer takes the place of several smaller ones.
 */
public final class WidthProgram {

    /** What a width may miss of an integer that the solver means. */
    private static final double TOLERANCE = 1e-6;

    private WidthProgram() {
    }

    /**
     * A layer.
     *
     * @param importance what a bit of its codes is worth, not negative
     * @param weights    number of its weights, positive
     * @param least      smallest width of its codes
     * @param most       largest width of its codes
     */
    public record Layer(double importance, long weights, int least, int most) {
    }

    /**
     * Solves the program.
     *
     * @param bits for the codes of all layers; no fewer than those of the smallest widths
     * @return the width of each layer
     * @throws IllegalArgumentException where the bits do not suffice for the smallest widths
     */
    public static int[] solve(List<Layer> layers, double bits) {
        double least = layers.stream().mapToDouble(l -> (double) l.weights * l.least).sum();
        if (bits < least) {
            throw new IllegalArgumentException(String.format(Locale.ROOT, "The smallest widths take %,.0f bits, found %,.0f", least, bits));
        }
        double weights = layers.stream().mapToDouble(Layer::weights).sum();
        ExpressionsBasedModel model = new ExpressionsBasedModel();
        // In units of the mean width, so that numbers are of a size that solvers are made for.
        Expression size = model.newExpression("size").upper(bits / weights);
        List<Variable> widths = new ArrayList<>();
        for (int i = 0; i < layers.size(); i++) {
            Layer layer = layers.get(i);
            Variable width = model.newVariable("width " + i).lower(layer.least).upper(layer.most).weight(layer.importance);
            size.set(width, layer.weights / weights);
            widths.add(width);
        }
        Optimisation.Result found = model.maximise();
        if (!found.getState().isOptimal()) {
            throw new IllegalStateException("The widths of " + layers.size() + " layers in " + bits + " bits: " + found);
        }
        int[] rounded = new int[layers.size()];
        for (int i = 0; i < rounded.length; i++) {
            rounded[i] = (int) Math.floor(found.doubleValue(i) + TOLERANCE);
        }
        return rounded;
    }
}
