package org.multipoint.internal.engine;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/** A cache of plans for the most recently used input shapes; evicted plans are closed. */
final class OneDnnPlans<P extends AutoCloseable> implements AutoCloseable {

    /** Number of shapes kept: the usual and the last batch size, for a few image sizes. */
    private static final int CAPACITY = 8;

    private final Map<Object, P> plans = new LinkedHashMap<>(2 * CAPACITY, 0.75f, true);

    P get(Object shape, Supplier<P> make) {
        P plan = plans.get(shape);
        if (plan == null) {
            if (plans.size() == CAPACITY) {
                close(plans.remove(plans.keySet().iterator().next()));
            }
            plan = make.get();
            plans.put(shape, plan);
        }
        return plan;
    }

    private static void close(AutoCloseable plan) {
        try {
            plan.close();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        plans.values().forEach(OneDnnPlans::close);
        plans.clear();
    }
}
