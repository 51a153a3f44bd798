package org.multipoint.transform;

import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.multipoint.internal.engine.Engines;
import org.multipoint.internal.graph.GraphEdit;
import org.multipoint.internal.linalg.Products;
import org.multipoint.options.Method;
import org.multipoint.options.MultipointOptions;
import org.multipoint.points.CodeGrid;
import org.multipoint.report.SensitivityReport;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * Transforms a trained model into one whose weights are stored as points, without retraining. The
 * source model is not changed.
 *
 * <pre>{@code
 * MultipointResult<ComputationGraph> result = Multipoint.of(graph)
 *         .calibrate(iterator)
 *         .bits(4)
 *         .extraPoints(0.10)
 *         .transform();
 * ModelSerializer.writeModel(result.model(), file, false);
 * System.out.println(result.report());
 * }</pre>
 *
 * <p>Layers that cannot be transformed stay in fp32, and the report gives the reason. A transformation reads the settings once, when it
 * begins: an object can be changed and used for further transformations.
 *
 * @param <M> {@link ComputationGraph} or {@link MultiLayerNetwork}
 */
public final class Multipoint<M> {

    private final M source;
    private final GraphEdit edit;
    private final Function<GraphEdit, M> build;
    private ExampleSource examples;
    private Optional<Method> method = Optional.empty();
    private OptionalInt bits = OptionalInt.empty();
    private final Map<String, Integer> layerBits = new HashMap<>();
    private Budget budget = Budget.DEFAULT;
    private Optional<LargestDrop<M>> largestDrop = Optional.empty();
    /** Budgets that were asked for since the last transformation, in words. */
    private final List<String> budgets = new ArrayList<>();
    private int activationBits = 8;
    private final Set<String> leftOut = new LinkedHashSet<>();
    private long memory = 1L << 30;
    private MultipointOptions options = MultipointOptions.defaults();
    private TransformListener listener = (phase, done, total, what) -> { };

    /** What {@link #maxDrop} was given. */
    private record LargestDrop<M>(double drop, ToDoubleFunction<M> metric) {
    }

    private Multipoint(M source, GraphEdit edit, Function<GraphEdit, M> build) {
        this.source = source;
        this.edit = edit;
        this.build = build;
    }

    /** Transforms a graph. */
    public static Multipoint<ComputationGraph> of(ComputationGraph graph) {
        return new Multipoint<>(graph, GraphEdit.of(Objects.requireNonNull(graph, "graph")), GraphEdit::toGraph);
    }

    /** Transforms a network of layers. Layers are called by their names, or by their indices where names are missing or repeated. */
    public static Multipoint<MultiLayerNetwork> of(MultiLayerNetwork network) {
        return new Multipoint<>(network, GraphEdit.of(Objects.requireNonNull(network, "network")), edit -> edit.toNetwork(network));
    }

    /**
     * Representative inputs; a few hundred images are enough. Labels are ignored, and so are masks, but by recurrent layers. Required; the
     * iterator must be resettable. One of every eight examples is held out to measure the reported errors and is not used for anything else; of
     * fewer than eight, none is.
     */
    public Multipoint<M> calibrate(DataSetIterator iterator) {
        return calibrate(ExampleSource.of(Objects.requireNonNull(iterator, "iterator")));
    }

    /** Representative inputs for graphs with several inputs. */
    public Multipoint<M> calibrate(MultiDataSetIterator iterator) {
        return calibrate(ExampleSource.of(Objects.requireNonNull(iterator, "iterator")));
    }

    /** Representative inputs that are on other machines than this one. */
    public Multipoint<M> calibrate(ExampleSource examples) {
        this.examples = Objects.requireNonNull(examples, "examples");
        return this;
    }

    /**
     * How weights are approximated and stored. Where none is given, they are entropy-coded ({@link Method#CODED}) if only a size or an
     * accuracy was asked for, by {@link #storedBits}, {@link #storedBytes} or {@link #maxDrop}, and packed points of one width
     * ({@link Method#CALIBRATED}) in all other cases: with {@link #bits(int)}, whatever the budget, and where nothing is asked for.
     */
    public Multipoint<M> method(Method method) {
        this.method = Optional.of(Objects.requireNonNull(method, "method"));
        return this;
    }

    /**
     * Width of a code, 2 to 8; default 4. Asks for packed points where no {@link #method} is given. Entropy-coded weights have no width
     * but that of the engine, 8: under {@link Method#CODED} it only says how many bits {@link #extraPoints} mean.
     *
     * @throws IllegalArgumentException where out of range
     */
    public Multipoint<M> bits(int bits) {
        this.bits = OptionalInt.of(checkedBits(bits));
        return this;
    }

    /**
     * Width of a code in one layer, 2 to 8. Under {@link Method#CODED}: the stored bits for each weight of that layer, at most, taken from the
     * budget of all; the other layers share the rest.
     *
     * @throws IllegalArgumentException where out of range
     */
    public Multipoint<M> bits(String layer, int bits) {
        layerBits.put(known(layer), checkedBits(bits));
        return this;
    }

    /**
     * Budget: extra points as a share of the codes that one point per row takes; default 0.10. As every budget, it replaces a budget or
     * {@link #maxDrop} that was given before, and the report warns of that.
     */
    public Multipoint<M> extraPoints(double share) {
        return spend(Budget.extraPoints(share));
    }

    /**
     * Budget: stored bits for each quantized weight, everything counted: codes, tables, scales, point counts and headers. Entropy-coded
     * unless {@link #bits(int)} or a {@link #method} asks for something else: then any number from 1 to 8, less of which than about 1.2 leaves
     * little of a network; {@link #transform} throws an {@link IllegalArgumentException} where it is out of that range, or less than the
     * layers can be coded in. With packed points each row gets one point whatever the budget, and the report warns where that exceeds it.
     */
    public Multipoint<M> storedBits(double perWeight) {
        return spend(Budget.storedBits(perWeight));
    }

    /** Budget: stored bytes of all quantized weights, otherwise as {@link #storedBits}. */
    public Multipoint<M> storedBytes(long bytes) {
        return spend(Budget.storedBytes(bytes));
    }

    /**
     * Budget: the paper's rule. A row gets more points as long as its output error, relative to its layer's output variance, exceeds the
     * threshold.
     */
    public Multipoint<M> errorThreshold(double threshold) {
        return spend(Budget.errorThreshold(threshold));
    }

    /** Budget: the same number of points for every row. */
    public Multipoint<M> points(int perRow) {
        return spend(Budget.pointsPerRow(perRow));
    }

    private Multipoint<M> spend(Budget budget) {
        this.budget = budget;
        largestDrop = Optional.empty();
        budgets.add(budget.description());
        return this;
    }

    /**
     * Finds the smallest model whose metric stays within a drop, instead of a budget, which it replaces: bisection over the stored bits, a
     * tenth of a bit apart. Weights are entropy-coded, at 1.2 bits or more, unless {@link #bits(int)} or a {@link #method} asks for something
     * else: packed points are tried with codes of 2 to 6 bits and extra points in between, or with the given width and up to two points for
     * each row; {@link Method#NEAREST} and {@link Method#CHANNEL_SPLITTING} with 2 to 8 bits. Calibration is done once for all
     * attempts. The metric is the caller's choice: accuracy, F1, the negated loss; more is better.
     *
     * <pre>{@code
     * .maxDrop(0.005, model -> model.<Evaluation>evaluate(test).accuracy())
     * }</pre>
     *
     * @param drop   how far the metric of the result may be below the source model's, not negative
     * @param metric evaluates a model, also the source model; it must not change the model
     */
    public Multipoint<M> maxDrop(double drop, ToDoubleFunction<M> metric) {
        if (!(drop >= 0) || Double.isInfinite(drop)) {
            throw new IllegalArgumentException("The largest drop must be finite and not negative, found " + drop);
        }
        largestDrop = Optional.of(new LargestDrop<>(drop, Objects.requireNonNull(metric, "metric")));
        budget = Budget.DEFAULT;
        budgets.add("a largest drop of " + drop);
        return this;
    }

    /**
     * Width of quantized activations, 2 to 8, or 0 to leave them floating; default 8. The network's own inputs have a width of their own
     * ({@link MultipointOptions.Builder#inputBits}).
     */
    public Multipoint<M> activationBits(int bits) {
        if (bits != 0) {
            checkedBits(bits);
        }
        activationBits = bits;
        return this;
    }

    /** Names layers that stay in fp32; adds to those named before. */
    public Multipoint<M> leaveOut(String... layers) {
        for (String layer : Objects.requireNonNull(layers, "layers")) {
            leftOut.add(known(layer));
        }
        return this;
    }

    /** Options of the algorithm itself, for tuning and ablation studies; default {@link MultipointOptions#defaults()}. */
    public Multipoint<M> options(MultipointOptions options) {
        this.options = Objects.requireNonNull(options, "options");
        return this;
    }

    /**
     * Bytes that are held at once for the statistics of layers, and again as many for activations between layers; default 1 GiB each.
     *
     * <p>Statistics are second moments and all that is made of them while layers are rounded, on the heap and off it: covariances and their
     * factors, the vectors that are cut out of images, the rows that are searched and their candidates. Where they exceed the bound, images
     * pass more than once; where those of a single layer do, its columns are split into blocks, between which moments count as zero, and
     * its rows are searched some at a time. Activations that exceed it go to a temporary file.
     *
     * <p>Not counted is what is as large as the model and one batch of images: the source and the result, the weights of a layer and their
     * approximations in single precision, codes that were found, activations of the current vertex, the vectors of one image.
     *
     * <p>{@link #transform()} throws an {@link IllegalArgumentException} that names the layer, before it begins, where the bound is
     * too small even for the smallest blocks.
     */
    public Multipoint<M> memory(long bytes) {
        if (bytes < 1) {
            throw new IllegalArgumentException("Memory must be positive, found " + bytes);
        }
        memory = bytes;
        return this;
    }

    /** Receives progress events. */
    public Multipoint<M> listener(TransformListener listener) {
        this.listener = Objects.requireNonNull(listener, "listener");
        return this;
    }

    /**
     * Transforms the model. Where it fails, or the listener or metric throws, all that was made for it is released.
     *
     * @throws IllegalStateException    where no calibration data was given, or no model stays within {@link #maxDrop}
     * @throws IllegalArgumentException where weights or calibration inputs are NaN or infinite, do not fit the model, or are missing;
     *                                  it names the layer or batch; where {@link #memory} is too small for a layer; where the method
     *                                  cannot spend the budget
     * @throws java.util.concurrent.CancellationException where the thread is interrupted, which it remains
     */
    public MultipointResult<M> transform() {
        Settings settings = settings();
        long start = System.nanoTime();
        MethodStrategy strategy = settings.strategy();
        List<Pipeline.Plan> plans = largestDrop.isPresent() ? strategy.axis(bits) : List.of(strategy.plan(bits));
        try (Products.Reuse products = Products.reuse(); Pipeline<M> pipeline = pipeline(settings)) {
            Optional<AccuracySearch<M>> search = largestDrop.map(most -> new AccuracySearch<>(most.drop, most.metric, source, listener));
            pipeline.calibrate(plans);
            long calibrated = System.nanoTime();
            Pipeline.Quantized<M> quantized = search.isEmpty() ? pipeline.quantize(plans.get(0))
                    : search.get().smallest(pipeline.affordable(plans), pipeline::quantize);
            return new MultipointResult<>(quantized.model(), quantized.report(), search.map(AccuracySearch::attempts).orElse(List.of()),
                    (calibrated - start) / 1e9, (System.nanoTime() - calibrated) / 1e9);
        }
    }

    /**
     * Quantizes the model, and measures what each quantized layer does to its outputs: alone, and by what remains where all others are
     * quantized and it is not. It tells which layers to {@linkplain #leaveOut leave out} or to give more {@linkplain #bits(String, int) bits}.
     * Takes as long as {@link #transform()} and two passes of 64 examples for each layer.
     *
     * @throws IllegalStateException    where no calibration data was given, or {@link #maxDrop} was asked for instead of a budget
     * @throws IllegalArgumentException as {@link #transform()} does
     */
    public SensitivityReport sensitivity() {
        if (largestDrop.isPresent()) {
            throw new IllegalStateException("Sensitivities are measured for a budget, not for a largest drop");
        }
        Settings settings = settings();
        Pipeline.Plan plan = settings.strategy().plan(bits);
        try (Pipeline<M> pipeline = pipeline(settings)) {
            pipeline.calibrate(List.of(plan));
            return pipeline.sensitivity(plan);
        }
    }

    private Pipeline<M> pipeline(Settings settings) {
        if (examples == null) {
            throw new IllegalStateException("Calibration data is missing: call calibrate(iterator) first");
        }
        Pipeline<M> pipeline = new Pipeline<>(settings, edit.copy(), examples, build, listener, Engines.preferred());
        if (budgets.size() > 1) {
            pipeline.warn("budgets", "of several budgets the last one counts: " + budgets.get(budgets.size() - 1) + ", which replaces "
                    + String.join(" and ", budgets.subList(0, budgets.size() - 1)));
        }
        budgets.clear();
        return pipeline;
    }

    private Settings settings() {
        return new Settings(source.getClass().getSimpleName(), method.orElseGet(this::defaultMethod), layerBits, budget, activationBits,
                leftOut, memory, options);
    }

    private Method defaultMethod() {
        return bits.isEmpty() && (budget.isStored() || largestDrop.isPresent()) ? Method.CODED : Method.CALIBRATED;
    }

    private String known(String layer) {
        if (edit.layer(Objects.requireNonNull(layer, "layer")) == null) {
            throw new IllegalArgumentException("There is no layer \"" + layer + "\"; the layers are "
                    + edit.vertices().keySet().stream().filter(n -> edit.layer(n) != null).toList());
        }
        return layer;
    }

    private static int checkedBits(int bits) {
        if (bits < CodeGrid.MIN_BITS || bits > CodeGrid.MAX_BITS) {
            throw new IllegalArgumentException("Bits must be " + CodeGrid.MIN_BITS + " to " + CodeGrid.MAX_BITS + ", found " + bits);
        }
        return bits;
    }
}
