package org.multipoint.internal.calibration;

import java.util.LinkedHashMap;
import java.util.Map;

/** Sums of one kind, by name. Those of a name that only one side has are taken over as they are. */
public final class Sums<S extends Mergeable<S>> implements Mergeable<Sums<S>> {

    private static final long serialVersionUID = 1;

    private final LinkedHashMap<String, S> named = new LinkedHashMap<>();

    public void put(String name, S sums) {
        named.put(name, sums);
    }

    /** The sums of a name, or null where there are none. */
    public S get(String name) {
        return named.get(name);
    }

    /** All sums by name, in the order in which they were put; not to be changed. */
    public Map<String, S> all() {
        return named;
    }

    @Override
    public void merge(Sums<S> other) {
        other.named.forEach((name, sums) -> {
            if (named.containsKey(name)) {
                named.get(name).merge(sums);
            } else {
                named.put(name, sums);
            }
        });
    }
}
