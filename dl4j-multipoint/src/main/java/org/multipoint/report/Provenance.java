package org.multipoint.report;

import org.multipoint.options.Method;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.TreeMap;

/**
 * How a model was made: program version, source model, settings and calibration data. It is part of the report and of each transformed
 * layer, so that a saved model documents its own origin. Immutable.
 *
 * @param version  version of dl4j-multipoint
 * @param model    simple class name of the source model
 * @param method   name of the method in lower case: {@code calibrated}
 * @param bits     width of a code, except in layers that were given a width of their own; 8 where codes are entropy-coded
 * @param budget   the budget, in words: {@code 10 % extra points}
 * @param examples number of calibration examples
 * @param iterator simple class name of the iterator that they came from
 * @param settings all other settings that the method reads or that were changed, by name
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

    /** Whether weights are entropy-coded rather than packed points. */
    public boolean entropyCoded() {
        return method.equals(Method.CODED.name().toLowerCase(Locale.ROOT));
    }

    /** The version of this library. */
    public static String currentVersion() {
        Properties properties = new Properties();
        try (InputStream in = Provenance.class.getResourceAsStream("/org/multipoint/build.properties")) {
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties.getProperty("version");
    }

    /** All of it in one line. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("dl4j-multipoint " + version + " of a " + model + ": " + method + ", codes of " + bits + " bits, "
                + budget + ", calibrated on " + examples + " examples from " + iterator);
        settings.forEach((name, value) -> text.append(", ").append(name).append(' ').append(value));
        return text.toString();
    }
}
