package org.multipoint.layers;

import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.points.MalformedPayloadException;
import org.multipoint.points.MultipointMatrix;
import org.multipoint.report.Provenance;
import org.nd4j.shade.jackson.annotation.JsonCreator;
import org.nd4j.shade.jackson.annotation.JsonProperty;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What a multipoint layer stores inside its configuration, and with it in every copy that Deeplearning4j makes: for each
 * linear operation the packed points and how its input is quantized, and what made them. Immutable.
 *
 * @param operations         one for each operation of the layer, first to last
 * @param provenance     what made these weights
 * @param regularization the L1 and L2 terms of the layer that these weights were made of, so that scores stay comparable
 */
public record MultipointWeights(@JsonProperty("operations") List<Operation> operations,
                                @JsonProperty("provenance") Provenance provenance,
                                @JsonProperty("regularization") double regularization) {

    @JsonCreator
    public MultipointWeights {
        operations = operations == null ? List.of() : List.copyOf(operations);
        Objects.requireNonNull(provenance, "provenance");
    }

    /**
     * One operation.
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
            List<String> pieces = new ArrayList<>();
            for (int from = 0; from < bytes.length; from += PIECE) {
                pieces.add(Base64.getEncoder().encodeToString(
                        Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + PIECE))));
            }
            return new Operation(pieces, input.map(InputQuantization::scale).orElse(0f),
                    input.map(InputQuantization::zeroPoint).orElse(0), input.map(InputQuantization::bits).orElse(0));
        }

        /**
         * The stored matrix, unpacked anew.
         *
         * @throws MalformedPayloadException where the payload was truncated or altered
         */
        public MultipointMatrix matrix() {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try {
                for (String piece : payload) {
                    bytes.writeBytes(Base64.getDecoder().decode(piece));
                }
            } catch (IllegalArgumentException e) {
                throw new MalformedPayloadException(e.getMessage(), e);
            }
            return MultipointMatrix.fromBytes(bytes.toByteArray());
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
