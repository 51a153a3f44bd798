package org.multipoint.transform;

import org.multipoint.internal.calibration.CalibrationData;
import org.multipoint.internal.examples.Activations;
import org.multipoint.internal.graph.ReferenceNetwork;
import org.multipoint.internal.ompq.GramMatrix;
import org.multipoint.internal.ompq.LayerImportance;
import org.multipoint.internal.ompq.WidthProgram;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.quantizer.WeightProblem;
import org.multipoint.options.MultipointOptions;
import org.multipoint.points.ScaleLayout;
import org.multipoint.points.StoredSize;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;

/** {@link org.multipoint.options.Method#OMPQ}. */
final class OmpqMethod extends MethodStrategy {

    OmpqMethod(MultipointOptions options, Budget budget) {
        super(options, budget);
        requireStorable("OMPQ's widths");
    }

    /** Codes are at most as wide as layers may have them. */
    @Override
    Pipeline.Plan plan(OptionalInt bits) {
        return new Pipeline.Plan(options.ompqMostBits(), stored(bits));
    }

    @Override
    List<Pipeline.Plan> axis(OptionalInt bits) {
        return SearchAxis.storedBits().stream().map(plan -> new Pipeline.Plan(options.ompqMostBits(), plan.budget())).toList();
    }

    @Override
    Candidate candidate(WeightProblem problem, OptionalInt own, int ofNetwork) {
        return new Candidate.OwnWidth(problem.op(), 1, own, problem.widestCode());
    }

    @Override
    Map<String, Candidate> compared(Map<String, Candidate> candidates, ReferenceNetwork network, CalibrationData data, long memory,
                                    TransformListener listener) {
        Map<String, GramMatrix> grams = new OutputGrams(network, new Activations.Budget(memory), listener).of(data);
        double[] importance = LayerImportance.of(candidates.keySet().stream().map(grams::get).toList(), options.ompqBeta());
        Map<String, Candidate> important = new LinkedHashMap<>();
        candidates.forEach((name, candidate) -> {
            important.put(name, ((Candidate.OwnWidth) candidate).important(importance[important.size()]));
        });
        return important;
    }

    @Override
    boolean affords(Map<String, Candidate> candidates, Pipeline.Plan plan, long weights) {
        return forCodes(candidates, plan, weights) >= leastForCodes(candidates);
    }

    /** Bits of a budget that are left for codes. */
    private static double forCodes(Map<String, Candidate> candidates, Pipeline.Plan plan, long weights) {
        return plan.budget().bitsOf(weights) - candidates.values().stream().mapToLong(c -> frameBits(((Candidate.OwnWidth) c).op())).sum();
    }

    /** Bits that a matrix takes besides its codes, at most: codes of all widths but 8 bits are filled up to whole bytes. */
    private static long frameBits(LinearOp op) {
        int[] one = new int[op.rows()];
        Arrays.fill(one, 1);
        return Byte.SIZE * (StoredSize.payloadBytes(one, op.columns(), Byte.SIZE, ScaleLayout.PER_ROW) - op.weights()) + Byte.SIZE - 1;
    }

    private double leastForCodes(Map<String, Candidate> candidates) {
        return layers(candidates).stream().mapToDouble(layer -> (double) layer.weights() * layer.least()).sum();
    }

    private List<WidthProgram.Layer> layers(Map<String, Candidate> candidates) {
        List<WidthProgram.Layer> layers = new ArrayList<>();
        for (Candidate candidate : candidates.values()) {
            Candidate.OwnWidth known = (Candidate.OwnWidth) candidate;
            layers.add(new WidthProgram.Layer(known.importance(), known.op().weights(),
                    known.within(known.own().orElse(options.ompqLeastBits())), known.within(known.own().orElse(options.ompqMostBits()))));
        }
        return layers;
    }

    @Override
    OperationQuantizer quantizer(Map<String, Candidate> candidates, Pipeline.Plan plan, long weights) {
        if (!affords(candidates, plan, weights)) {
            double least = leastForCodes(candidates) + plan.budget().bitsOf(weights) - forCodes(candidates, plan, weights);
            throw new IllegalArgumentException(String.format(Locale.ROOT, "A budget of %s is too small: with codes of the smallest widths, these "
                    + "layers take %.2f stored bits per weight, %,.0f bytes", plan.budget().description(), least / weights,
                    Math.ceil(least / Byte.SIZE)));
        }
        int[] widths = WidthProgram.solve(layers(candidates), forCodes(candidates, plan, weights));
        Map<String, Integer> named = new LinkedHashMap<>();
        candidates.keySet().forEach(name -> named.put(name, widths[named.size()]));
        return new WidthQuantizer(named);
    }

    @Override
    boolean isSequential() {
        return true;
    }

    @Override
    void describe(Map<String, String> settings) {
        super.describe(settings);
        settings.put("ompqBeta", String.valueOf(options.ompqBeta()));
        settings.put("ompqBits", options.ompqLeastBits() + " to " + options.ompqMostBits());
    }
}
