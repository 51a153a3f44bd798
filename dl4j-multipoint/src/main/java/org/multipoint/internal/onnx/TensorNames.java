package org.multipoint.internal.onnx;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Names for tensors that belong to other tensors. None is given twice, whatever those are called. */
public final class TensorNames {

    private final Set<String> taken;
    private final Map<String, String> given = new HashMap<>();

    /**
     * @param taken names that are in use already
     */
    public TensorNames(Collection<String> taken) {
        this.taken = new HashSet<>(taken);
    }

    /**
     * The name of a part of a tensor: {@code tensor/part}, followed by as many more slashes as it takes to be the only one. It is the same
     * each time.
     *
     * @param part without slashes
     */
    public String of(String tensor, String part) {
        return given.computeIfAbsent(tensor + "/" + part, wanted -> {
            String name = wanted;
            while (!taken.add(name)) {
                name += "/";
            }
            return name;
        });
    }
}
