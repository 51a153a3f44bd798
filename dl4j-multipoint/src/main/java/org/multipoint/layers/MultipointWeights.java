package org.multipoint.layers;

import org.deeplearning4j.nn.conf.layers.Layer;
import org.multipoint.internal.json.VersionedJson;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.points.MalformedPayloadException;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.report.Provenance;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;
import org.nd4j.shade.jackson.core.type.TypeReference;
import org.nd4j.shade.jackson.databind.util.TokenBuffer;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * What a multipoint layer stores inside its configuration, and with it in every copy that Deeplearning4j makes: for each linear operation
 * its matrix of points and the quantization of its input, and how they were made. Immutable. The property names of its JSON and of
 * {@link Operation} are part of the file format (docs/FORMAT.md).
 *
 * @param operations     one for each operation of the layer, in the order in which they are applied
 * @param provenance     program, settings and data that made these weights
 * @param regularization the L1 and L2 terms of the layer before it was quantized, so that scores stay comparable
 */
public record MultipointWeights(@JsonProperty("operations") List<Operation> operations,
                                @JsonProperty("provenance") Provenance provenance,
                                @JsonProperty("regularization") double regularization) {

    /** The version of the JSON that is written, and the only one that is read. */
    static final int VERSION = 1;

    public MultipointWeights {
        operations = List.copyOf(operations);
        Objects.requireNonNull(provenance, "provenance");
    }

    /**
     * The stored weights of a layer; empty where it is no multipoint layer.
     *
     * @throws IllegalStateException where a multipoint layer has none, as in a damaged file; it names the layer
     */
    public static Optional<MultipointWeights> of(Layer layer) {
        if (layer instanceof MultipointLayer m) {
            if (m.getMultipoint() == null) {
                throw new IllegalStateException("Layer \"" + layer.getLayerName() + "\": expected weights in the property \"multipoint\", found none");
            }
            return Optional.of(m.getMultipoint());
        }
        return Optional.empty();
    }

    /**
     * Checks all that a multipoint layer stores, short of decoding its weights: layers are made many times, and weights are decoded once,
     * when a kernel is built. To be called before weights that may come from a file are used.
     *
     * @throws IllegalStateException where weights are missing, damaged, or do not fit the layer; it names the layer
     */
    public static void check(Layer layer) {
        MultipointLayer multipoint = (MultipointLayer) layer;
        List<Operation> stored = of(layer).orElseThrow().operations();
        List<LinearOp> ops = multipoint.storedOps();
        try {
            require(stored.size() == ops.size(), "expected weights of " + ops.size() + " operations, found " + stored.size());
            int quantized = 0;
            for (int i = 0; i < ops.size(); i++) {
                LinearOp op = ops.get(i);
                MultipointMatrix.check(stored.get(i).bytes(), op.rows(), op.columns());
                quantized += stored.get(i).input().isPresent() ? 1 : 0;
            }
            require(quantized == 0 || quantized == ops.size(), "expected all of its operations or none to have a quantized input, found "
                    + quantized + " of " + ops.size());
            require(quantized == 0 || multipoint.mayQuantizeInputs(), "expected floating inputs, found quantized ones");
        } catch (IllegalArgumentException e) {
            throw new IllegalStateException("Layer \"" + layer.getLayerName() + "\": " + e.getMessage(), e);
        }
    }

    /**
     * The stored matrices of a layer, one for each operation, decoded anew.
     *
     * @throws IllegalStateException where a payload was truncated or altered; it names the layer
     */
    public static List<MultipointMatrix> matrices(Layer layer) {
        try {
            return of(layer).orElseThrow().operations().stream().map(Operation::matrix).toList();
        } catch (IllegalArgumentException e) {
            throw new IllegalStateException("Layer \"" + layer.getLayerName() + "\": " + e.getMessage(), e);
        }
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }

    /**
     * @throws IllegalArgumentException where the version is unknown or a property is missing
     * @throws IOException              where a property is of another type
     */
    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    static MultipointWeights fromJson(Map<String, TokenBuffer> properties) throws IOException {
        VersionedJson json = new VersionedJson("Multipoint weights", properties, VERSION);
        return new MultipointWeights(json.get("operations", new TypeReference<>() { }), json.get("provenance", new TypeReference<>() { }),
                json.get("regularization", new TypeReference<>() { }));
    }

    /** For JSON. */
    @JsonProperty(VersionedJson.VERSION)
    int version() {
        return VERSION;
    }

    /**
     * The stored weights of one linear operation.
     *
     * @param payload        {@link MultipointMatrix#toBytes()} in base64, cut into pieces: JSON readers limit the length of a string
     * @param inputScale     {@link InputQuantization#scale()}
     * @param inputZeroPoint {@link InputQuantization#zeroPoint()}
     * @param inputBits      {@link InputQuantization#bits()}, or 0 where the input stays floating
     */
    public record Operation(@JsonProperty("payload") List<String> payload, @JsonProperty("inputScale") float inputScale,
                        @JsonProperty("inputZeroPoint") int inputZeroPoint, @JsonProperty("inputBits") int inputBits) {

        /** Bytes in a piece: a multiple of 3, so that pieces need no padding. */
        private static final int PIECE = 3 << 18;

        @JsonCreator
        public Operation {
            payload = payload == null ? List.of() : List.copyOf(payload);
        }

        /** Stores a matrix, and the quantization of its input where there is one. */
        public static Operation of(MultipointMatrix matrix, Optional<InputQuantization> input) {
            byte[] bytes = matrix.toBytes();
            // Of every model that is quantized with assertions on, as in tests.
            assert matrix.equals(MultipointMatrix.fromBytes(bytes)) : "The payload of " + matrix + " decodes to other codes";
            List<String> pieces = new ArrayList<>();
            for (int from = 0; from < bytes.length; from += PIECE) {
                pieces.add(Base64.getEncoder().encodeToString(
                        Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + PIECE))));
            }
            return new Operation(pieces, input.map(InputQuantization::scale).orElse(0f),
                    input.map(InputQuantization::zeroPoint).orElse(0), input.map(InputQuantization::bits).orElse(0));
        }

        /**
         * The stored matrix, decoded anew.
         *
         * @throws MalformedPayloadException where the payload was truncated or altered
         */
        public MultipointMatrix matrix() {
            return MultipointMatrix.fromBytes(bytes());
        }

        private byte[] bytes() {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try {
                for (String piece : payload) {
                    bytes.writeBytes(Base64.getDecoder().decode(piece));
                }
            } catch (IllegalArgumentException e) {
                throw new MalformedPayloadException(e.getMessage(), e);
            }
            return bytes.toByteArray();
        }

        /** How the input is quantized; empty where it stays floating. */
        public Optional<InputQuantization> input() {
            return inputBits == 0 ? Optional.empty()
                    : Optional.of(new InputQuantization(inputScale, inputZeroPoint, inputBits));
        }

        @Override
        public String toString() {
            return payload.stream().mapToInt(String::length).sum() + " characters, " + input().map(Object::toString)
                    .orElse("floating input");
        }
    }
}
