package org.multipoint.spark;

import org.apache.spark.SparkEnv;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.util.ModelSerializer;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;

/**
 * Models and other objects as bytes: these by Java serialization, whatever serializer an application has chosen for its own data, since others do
 * not know of the forms that statistics have.
 */
final class Wire {

    private static final ClassTag<Object> ANY = ClassTag$.MODULE$.apply(Object.class);

    private Wire() {
    }

    static byte[] bytes(Object object) {
        ByteBuffer buffer = SparkEnv.get().closureSerializer().newInstance().serialize(object, ANY);
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    /** A model as {@code ModelSerializer} writes it, without the state of its updater. */
    static byte[] model(Model model) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            ModelSerializer.writeModel(model, bytes, false);
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot write the model for executors", e);
        }
        return bytes.toByteArray();
    }

    /** @param <T> what is known to have been written */
    @SuppressWarnings("unchecked")
    static <T> T object(byte[] bytes) {
        return (T) SparkEnv.get().closureSerializer().newInstance()
                .deserialize(ByteBuffer.wrap(bytes), Thread.currentThread().getContextClassLoader(), ANY);
    }
}
