package org.multipoint.files;

import org.nd4j.shade.jackson.core.JsonFactory;
import org.nd4j.shade.jackson.core.JsonParser;
import org.nd4j.shade.jackson.core.JsonToken;

import java.io.IOException;
import java.util.Set;
import java.util.TreeSet;

import static org.multipoint.files.ModelArchive.require;

/** Bounds on the JSON of a configuration, which hold before anything is made of it. */
final class ConfigurationJson {

    /** How deep arrays and objects may nest: readers recurse. Configurations of segments with wrapped layers nest some 20 deep. */
    private static final int MOST_DEPTH = 200;
    /** Characters of a number, of which some readers make decimals of any length. */
    private static final int MOST_DIGITS = 64;

    private ConfigurationJson() {
    }

    /**
     * Reads all of it once.
     *
     * @return names of the properties of the outermost object
     * @throws IllegalArgumentException where it is beyond its bounds or is no object
     * @throws IOException              where it is no JSON, or an object has a property twice
     */
    static Set<String> check(byte[] json) throws IOException {
        Set<String> names = new TreeSet<>();
        JsonFactory factory = new JsonFactory().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);
        try (JsonParser parser = factory.createParser(json)) {
            require(parser.nextToken() == JsonToken.START_OBJECT, "its configuration is no JSON object");
            for (int depth = 1; depth > 0; ) {
                JsonToken token = parser.nextToken();
                // Where the text ends early the parser throws.
                if (token.isStructStart()) {
                    require(++depth <= MOST_DEPTH, "its configuration nests more than " + MOST_DEPTH + " deep");
                } else if (token.isStructEnd()) {
                    depth--;
                } else if (token.isNumeric()) {
                    require(parser.getTextLength() <= MOST_DIGITS, "its configuration has a number of " + parser.getTextLength() + " characters");
                } else if (token == JsonToken.FIELD_NAME && depth == 1) {
                    names.add(parser.currentName());
                }
            }
            require(parser.nextToken() == null, "its configuration goes on behind its end");
        }
        return names;
    }
}
