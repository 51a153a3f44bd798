package org.multipoint.spark;

import org.apache.spark.SparkEnv;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

import java.nio.ByteBuffer;

/**
 * Objects as bytes by Java serialization, whatever serializer an application has chosen for its own data: others do not know of the forms that
 * statistics have.
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

    /** @param <T> what is known to have been written */
    @SuppressWarnings("unchecked")
    static <T> T object(byte[] bytes) {
        return (T) SparkEnv.get().closureSerializer().newInstance()
                .deserialize(ByteBuffer.wrap(bytes), Thread.currentThread().getContextClassLoader(), ANY);
    }
}
