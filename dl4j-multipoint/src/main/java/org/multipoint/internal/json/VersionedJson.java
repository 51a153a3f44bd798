package org.multipoint.internal.json;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.nd4j.shade.jackson.core.type.TypeReference;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.util.TokenBuffer;

import java.io.IOException;
import java.util.Map;

/**
 * An object in the JSON of a configuration that carries the version of its format as the number {@value #VERSION}. The version is looked
 * at before anything else, because all else may be different in another one. Unknown properties are ignored.
 *
 * <p>Values are kept as tokens: a tree would lose the class names that YAML has as tags.
 */
public final class VersionedJson {

    /** Name of the property that holds the version. */
    public static final String VERSION = "version";

    private final String what;
    private final Map<String, TokenBuffer> properties;

    /**
     * @param what     what the object is, for messages
     * @param readable the version that this program reads
     * @throws IllegalArgumentException where the object has another version or none
     */
    public VersionedJson(String what, Map<String, TokenBuffer> properties, int readable) throws IOException {
        this.what = what;
        this.properties = properties;
        JsonNode version = properties.get(VERSION) == null ? null : get(VERSION, new TypeReference<>() { });
        if (version == null || !version.isInt() || version.intValue() != readable) {
            throw new IllegalArgumentException(what + ": found " + (version == null ? "no format version" : "format version " + version)
                    + ", this program reads version " + readable);
        }
    }

    /**
     * The value of a property.
     *
     * @throws IllegalArgumentException where the property is missing or null
     * @throws IOException              where its value is of another type
     */
    public <T> T get(String property, TypeReference<T> type) throws IOException {
        if (!has(property)) {
            throw new IllegalArgumentException(what + ": the property \"" + property + "\" is missing");
        }
        return NeuralNetConfiguration.mapper().readValue(properties.get(property).asParser(), type);
    }

    /** Whether there is a property that need not be there. */
    public boolean has(String property) {
        return properties.get(property) != null;
    }
}
