package org.multipoint.internal.engine;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/** The plans of the last few shapes that were asked for; what falls out is closed. */
final class OneDnnPlans<P extends AutoCloseable> implements AutoCloseable {

    /** Shapes that are kept: batches of a common and a last size, of a few image sizes. */
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
