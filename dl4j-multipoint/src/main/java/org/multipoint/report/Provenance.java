package org.multipoint.report;

import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * What made a model: program, settings and data. It is part of the report and of each transformed layer, so that a saved model tells it.
 *
 * @param version  version of the program
 * @param model    class of the source model
 * @param method   how points were found
 * @param bits     width of a code, where no layer was given one of its own
 * @param budget   what was spent, in words: {@code 10 % extra points}
 * @param examples number of calibration examples
 * @param iterator class of the iterator that they came from
 * @param settings all other settings that differ from method to method or were asked for, by name
 */
public record Provenance(@JsonProperty("version") String version, @JsonProperty("model") String model,
                         @JsonProperty("method") String method, @JsonProperty("bits") int bits, @JsonProperty("budget") String budget,
                         @JsonProperty("examples") long examples, @JsonProperty("iterator") String iterator,
                         @JsonProperty("settings") Map<String, String> settings) {

    @JsonCreator
    public Provenance {
        Objects.requireNonNull(version, "version");
        Objects.requireNonNull(model, "model");
        Objects.requireNonNull(method, "method");
        Objects.requireNonNull(budget, "budget");
        Objects.requireNonNull(iterator, "iterator");
        settings = settings == null ? Map.of() : Collections.unmodifiableMap(new TreeMap<>(settings));
    }

    /** In one line. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("dl4j-multipoint " + version + " of a " + model + ": " + method + ", " + bits + " bits, " + budget
                + ", calibrated on " + examples + " examples from " + iterator);
        settings.forEach((name, value) -> text.append(", ").append(name).append(' ').append(value));
        return text.toString();
    }
}
