package org.multipoint.files;

import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ArrayNode;
import org.nd4j.shade.jackson.databind.node.JsonNodeFactory;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

import static org.deeplearning4j.util.ModelSerializer.COEFFICIENTS_BIN;
import static org.deeplearning4j.util.ModelSerializer.CONFIGURATION_JSON;
import static org.deeplearning4j.util.ModelSerializer.NO_PARAMS_MARKER;

/**
 * Alters files of models at random: bytes of the archive, its entries, the configuration as text and as a tree, payloads within it, and
 * parameters. Whatever is altered inside an archive, its checksums hold.
 */
final class ModelMutator {

    private static final long[] INTERESTING = {0, 1, -1, 2, 7, 127, 255, 256, 65_535, 1 << 24, Integer.MAX_VALUE, Integer.MIN_VALUE, 1L << 40,
        Long.MAX_VALUE, Long.MIN_VALUE};
    private static final String[] TOKENS = {"{", "}", "[", "]", ",", ":", "\"", "null", "true", "1e999", "-1", "0", "\\u0000", "\"@class\":", "[[[[[[[["};
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final Random random;

    ModelMutator(Random random) {
        this.random = random;
    }

    byte[] mutated(byte[] zip) throws IOException {
        int kind = random.nextInt(10);
        if (kind < 2) {
            return bytes(zip);
        }
        Map<String, byte[]> entries = entries(zip);
        byte[] json = entries.get(CONFIGURATION_JSON);
        switch (kind) {
            case 2 -> entries.put(CONFIGURATION_JSON, bytes(json));
            case 3 -> entries.put(CONFIGURATION_JSON, text(json));
            case 4, 5, 6 -> entries.put(CONFIGURATION_JSON, tree(json));
            case 7 -> entries.put(CONFIGURATION_JSON, payload(json));
            case 8 -> entries.put(COEFFICIENTS_BIN, bytes(entries.get(COEFFICIENTS_BIN)));
            default -> archive(entries);
        }
        return zip(entries);
    }

    /** A few bytes changed, runs of them filled, cut off or added, or a number overwritten. */
    private byte[] bytes(byte[] source) {
        byte[] bytes = source.clone();
        for (int n = random.nextInt(4); n >= 0 && bytes.length > 0; n--) {
            int at = random.nextInt(2) == 0 ? random.nextInt(bytes.length) : random.nextInt(Math.min(bytes.length, 128));
            switch (random.nextInt(8)) {
                case 0, 1, 2 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 3 -> bytes[at] = (byte) random.nextInt();
                case 4 -> bytes = Arrays.copyOf(bytes, at);
                case 5 -> bytes = Arrays.copyOf(bytes, bytes.length + 1 + random.nextInt(1 << random.nextInt(10)));
                case 6 -> Arrays.fill(bytes, at, Math.min(bytes.length, at + random.nextInt(64)), (byte) random.nextInt());
                default -> {
                    if (bytes.length >= Long.BYTES) {
                        ByteBuffer.wrap(bytes).order(random.nextBoolean() ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN)
                                .putInt(Math.min(at, bytes.length - Integer.BYTES), (int) interesting());
                    }
                }
            }
        }
        return bytes;
    }

    private long interesting() {
        return INTERESTING[random.nextInt(INTERESTING.length)];
    }

    private byte[] text(byte[] json) {
        StringBuilder text = new StringBuilder(new String(json, StandardCharsets.UTF_8));
        for (int n = random.nextInt(3); n >= 0; n--) {
            int at = random.nextInt(text.length());
            int end = Math.min(text.length(), at + random.nextInt(1 << random.nextInt(12)));
            switch (random.nextInt(3)) {
                case 0 -> text.insert(at, TOKENS[random.nextInt(TOKENS.length)]);
                case 1 -> text.delete(at, end);
                default -> text.insert(random.nextInt(text.length()), text.substring(at, end));
            }
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    private byte[] tree(byte[] json) throws IOException {
        JsonNode root = MAPPER.readTree(json);
        for (int n = random.nextInt(3); n >= 0; n--) {
            List<JsonNode> inner = new ArrayList<>();
            collect(root, inner);
            alter(inner.get(random.nextInt(inner.size())), inner);
        }
        return MAPPER.writeValueAsBytes(root);
    }

    private static void collect(JsonNode node, List<JsonNode> inner) {
        if (node.isContainerNode() && node.size() > 0) {
            inner.add(node);
            node.forEach(child -> collect(child, inner));
        }
    }

    private void alter(JsonNode node, List<JsonNode> others) {
        if (node.size() == 0) {
            return;
        }
        if (node instanceof ObjectNode object) {
            List<String> names = new ArrayList<>();
            object.fieldNames().forEachRemaining(names::add);
            String name = names.get(random.nextInt(names.size()));
            switch (random.nextInt(5)) {
                case 0 -> object.remove(name);
                case 1 -> object.set(name + "x", object.remove(name));
                default -> object.set(name, other(object.get(name), others));
            }
        } else if (node instanceof ArrayNode array) {
            int at = random.nextInt(array.size());
            switch (random.nextInt(4)) {
                case 0 -> array.remove(at);
                case 1 -> array.add(array.get(at).deepCopy());
                default -> array.set(at, other(array.get(at), others));
            }
        }
    }

    private JsonNode other(JsonNode value, List<JsonNode> others) {
        JsonNodeFactory nodes = JsonNodeFactory.instance;
        switch (random.nextInt(6)) {
            case 0 -> {
                return nodes.nullNode();
            }
            case 1 -> {
                return others.get(random.nextInt(others.size())).deepCopy();
            }
            case 2 -> {
                return random.nextBoolean() ? nodes.numberNode(interesting()) : nodes.numberNode(random.nextGaussian() * 1e9);
            }
            case 3 -> {
                return nodes.textNode(random.nextBoolean() ? "" : value.asText() + "x");
            }
            default -> {
                if (value.isNumber()) {
                    return nodes.numberNode(random.nextBoolean() ? interesting() : value.asLong() + random.nextInt(3) - 1);
                }
                return value.isBoolean() ? nodes.booleanNode(!value.asBoolean()) : value.isTextual() && value.asText().length() > 1
                        ? nodes.textNode(value.asText().substring(1)) : nodes.arrayNode();
            }
        }
    }

    /** A payload whose checksum holds. */
    private byte[] payload(byte[] json) throws IOException {
        JsonNode root = MAPPER.readTree(json);
        List<JsonNode> payloads = root.findValues("payload");
        if (payloads.isEmpty()) {
            return tree(json);
        }
        ArrayNode pieces = (ArrayNode) payloads.get(random.nextInt(payloads.size()));
        byte[] bytes = bytes(Base64.getDecoder().decode(pieces.get(0).asText()));
        if (bytes.length > Integer.BYTES) {
            CRC32 crc = new CRC32();
            crc.update(bytes, 0, bytes.length - Integer.BYTES);
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(bytes.length - Integer.BYTES, (int) crc.getValue());
        }
        pieces.set(0, JsonNodeFactory.instance.textNode(Base64.getEncoder().encodeToString(bytes)));
        return MAPPER.writeValueAsBytes(root);
    }

    private void archive(Map<String, byte[]> entries) {
        List<String> names = new ArrayList<>(entries.keySet());
        String name = names.get(random.nextInt(names.size()));
        switch (random.nextInt(5)) {
            case 0 -> entries.remove(name);
            case 1 -> entries.put(name, new byte[0]);
            case 2 -> entries.put(name + "/" + random.nextInt(9), entries.remove(name));
            case 3 -> entries.put(NO_PARAMS_MARKER, entries.remove(COEFFICIENTS_BIN));
            default -> {
                List<byte[]> contents = new ArrayList<>(entries.values());
                Collections.rotate(contents, 1);
                for (int i = 0; i < names.size(); i++) {
                    entries.put(names.get(i), contents.get(i));
                }
            }
        }
    }

    static Map<String, byte[]> entries(byte[] zip) throws IOException {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        try (ZipInputStream in = new ZipInputStream(new ByteArrayInputStream(zip))) {
            for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                entries.put(entry.getName(), in.readAllBytes());
            }
        }
        return entries;
    }

    static byte[] zip(Map<String, byte[]> entries) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream out = new ZipOutputStream(bytes)) {
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                out.putNextEntry(new ZipEntry(entry.getKey()));
                out.write(entry.getValue());
                out.closeEntry();
            }
        }
        return bytes.toByteArray();
    }
}
