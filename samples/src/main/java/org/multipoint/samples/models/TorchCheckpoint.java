package org.multipoint.samples.models;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;

/**
 * Tensors of a checkpoint as PyTorch before 1.6 saved it: four pickles (a magic number, a version, facts about the machine, the object),
 * one more of the storages' keys, then each storage's length and values. Of Python's pickles, only what tensors in dictionaries need is
 * supported; no function that they name is ever called.
 */
final class TorchCheckpoint {

    private static final byte[] MAGIC = {(byte) 0x80, 2, (byte) 0x8a, 10, 0x6c, (byte) 0xfc, (byte) 0x9c, 0x46, (byte) 0xf9, 0x20, 0x6a,
        (byte) 0xa8, 0x50, 0x19, '.'};
    private static final String STATE = "state_dict";
    /** The prefix of all names of networks that were trained on several devices. */
    private static final String PREFIX = "module.";
    private static final Object MARK = new Object();

    private final Path file;
    private final ByteBuffer bytes;

    /** A class or function by its name. */
    private record Global(String name) {
    }

    /** Values that tensors share. */
    private record Storage(String type, String key) {
    }

    private static final class Tensor {

        private final Storage storage;
        private final long offset;
        private final long[] shape;
        private final long[] strides;

        Tensor(Storage storage, long offset, long[] shape, long[] strides) {
            this.storage = storage;
            this.offset = offset;
            this.shape = shape;
            this.strides = strides;
        }
    }

    private TorchCheckpoint(Path file, byte[] content) {
        this.file = file;
        this.bytes = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Reads the tensors of floats by their names.
     *
     * @throws IOException where the file is no such checkpoint, or is truncated or altered
     */
    static Map<String, INDArray> read(Path file) throws IOException {
        byte[] content = Files.readAllBytes(file);
        try {
            return new TorchCheckpoint(file, content).tensors();
        } catch (BufferUnderflowException | ClassCastException | IllegalArgumentException | IndexOutOfBoundsException
                | NoSuchElementException | NullPointerException e) {
            throw new IOException(file + ": this is no checkpoint of PyTorch before 1.6, or it is truncated or altered (" + e + ")", e);
        }
    }

    private Map<String, INDArray> tensors() throws IOException {
        byte[] magic = new byte[MAGIC.length];
        bytes.get(magic);
        if (!Arrays.equals(magic, MAGIC)) {
            throw new IOException(file + ": this is no checkpoint of PyTorch before 1.6");
        }
        new Pickle().read();
        new Pickle().read();
        Map<?, ?> object = (Map<?, ?>) new Pickle().read();
        Map<?, ?> state = object.get(STATE) instanceof Map<?, ?> inner ? inner : object;
        List<?> keys = (List<?>) new Pickle().read();
        Map<String, Storage> storages = new HashMap<>();
        state.values().stream().filter(Tensor.class::isInstance).map(t -> ((Tensor) t).storage)
                .forEach(s -> storages.put(s.key, s));
        Map<Storage, FloatBuffer> values = new HashMap<>();
        for (Object key : keys) {
            int length = Math.toIntExact(bytes.getLong());
            Storage storage = storages.get((String) key);
            int width = storage == null ? Float.BYTES : width(storage.type);
            ByteBuffer part = bytes.slice(bytes.position(), Math.multiplyExact(length, width)).order(ByteOrder.LITTLE_ENDIAN);
            bytes.position(bytes.position() + part.capacity());
            if (storage != null && width == Float.BYTES) {
                values.put(storage, part.asFloatBuffer());
            }
        }
        Map<String, INDArray> tensors = new LinkedHashMap<>();
        state.forEach((name, value) -> {
            if (value instanceof Tensor tensor && values.containsKey(tensor.storage)) {
                String text = (String) name;
                tensors.put(text.startsWith(PREFIX) ? text.substring(PREFIX.length()) : text, array(tensor, values.get(tensor.storage)));
            }
        });
        return tensors;
    }

    private static int width(String storage) {
        return switch (storage) {
            case "torch FloatStorage" -> Float.BYTES;
            case "torch LongStorage" -> Long.BYTES;
            default -> throw new IllegalArgumentException("values of the type " + storage);
        };
    }

    private static INDArray array(Tensor tensor, FloatBuffer values) {
        long expected = 1;
        for (int i = tensor.shape.length - 1; i >= 0; i--) {
            if (tensor.shape[i] > 1 && tensor.strides[i] != expected) {
                throw new IllegalArgumentException("a tensor that is not contiguous");
            }
            expected *= tensor.shape[i];
        }
        float[] data = new float[Math.toIntExact(expected)];
        values.get(Math.toIntExact(tensor.offset), data);
        return Nd4j.create(data, tensor.shape, 'c');
    }

    /** The stack machine that Python's module pickletools describes. */
    private final class Pickle {

        private final Deque<Object> stack = new ArrayDeque<>();
        private final Map<Integer, Object> memo = new HashMap<>();

        Object read() {
            while (true) {
                int op = bytes.get() & 0xFF;
                switch (op) {
                    case 0x80 -> bytes.get();
                    case '.' -> {
                        return pop();
                    }
                    case '(' -> stack.push(MARK);
                    case ')' -> stack.push(List.of());
                    case ']' -> stack.push(new ArrayList<>());
                    case '}' -> stack.push(new LinkedHashMap<>());
                    case 'N', 0x88, 0x89 -> stack.push(op == 0x88);
                    case 'K' -> stack.push(bytes.get() & 0xFFL);
                    case 'M' -> stack.push(bytes.getShort() & 0xFFFFL);
                    case 'J' -> stack.push((long) bytes.getInt());
                    case 'G' -> stack.push(Double.longBitsToDouble(Long.reverseBytes(bytes.getLong())));
                    case 0x8a -> stack.push(whole(bytes.get()));
                    case 'X' -> stack.push(text(bytes.getInt()));
                    case 'q' -> memo.put(bytes.get() & 0xFF, stack.peek());
                    case 'r' -> memo.put(bytes.getInt(), stack.peek());
                    case 'h' -> stack.push(memo.get(bytes.get() & 0xFF));
                    case 'j' -> stack.push(memo.get(bytes.getInt()));
                    case 'c' -> stack.push(new Global(line() + " " + line()));
                    case 't' -> stack.push(untilMark());
                    case 0x85, 0x86, 0x87 -> stack.push(last(op - 0x84));
                    case 'a' -> append(last(1));
                    case 'e' -> append(untilMark());
                    case 's' -> put(last(2));
                    case 'u' -> put(untilMark());
                    case 'Q' -> stack.push(storage((List<?>) pop()));
                    case 'R' -> stack.push(made((List<?>) pop(), pop()));
                    // The state of an ordered dictionary is its metadata.
                    case 'b' -> pop();
                    default -> throw new IllegalArgumentException("pickle operation " + op);
                }
            }
        }

        private Object pop() {
            Object top = stack.pop();
            if (top == MARK) {
                throw new IllegalArgumentException("a mark in the place of a value");
            }
            return top;
        }

        private List<Object> last(int count) {
            Object[] values = new Object[count];
            for (int i = count - 1; i >= 0; i--) {
                values[i] = pop();
            }
            return List.of(values);
        }

        private List<Object> untilMark() {
            List<Object> values = new ArrayList<>();
            while (stack.peek() != MARK) {
                values.add(0, stack.pop());
            }
            stack.pop();
            return values;
        }

        @SuppressWarnings("unchecked")
        private void append(List<Object> values) {
            ((List<Object>) stack.peek()).addAll(values);
        }

        @SuppressWarnings("unchecked")
        private void put(List<Object> values) {
            Map<Object, Object> target = (Map<Object, Object>) stack.peek();
            for (int i = 0; i < values.size(); i += 2) {
                target.put(values.get(i), values.get(i + 1));
            }
        }

        /** The result of a call; null for everything but tensors and dictionaries. */
        private Object made(List<?> arguments, Object callable) {
            return switch (((Global) callable).name) {
                case "collections OrderedDict" -> new LinkedHashMap<>();
                case "torch._utils _rebuild_tensor", "torch._utils _rebuild_tensor_v2" -> new Tensor((Storage) arguments.get(0), (Long) arguments.get(1),
                        longs(arguments.get(2)), longs(arguments.get(3)));
                case "torch._utils _rebuild_parameter" -> arguments.get(0);
                default -> throw new IllegalArgumentException("a call of " + ((Global) callable).name);
            };
        }

        private Storage storage(List<?> id) {
            return new Storage(((Global) id.get(1)).name, (String) id.get(2));
        }

        private static long[] longs(Object list) {
            return ((List<?>) list).stream().mapToLong(n -> (Long) n).toArray();
        }

        private Long whole(int length) {
            long value = 0;
            for (int i = 0; i < length; i++) {
                value |= (bytes.get() & 0xFFL) << 8 * i;
            }
            return value;
        }

        private String text(int length) {
            byte[] utf8 = new byte[Objects.checkIndex(length, bytes.remaining() + 1)];
            bytes.get(utf8);
            return new String(utf8, StandardCharsets.UTF_8);
        }

        private String line() {
            StringBuilder line = new StringBuilder();
            for (char c = (char) bytes.get(); c != '\n'; c = (char) bytes.get()) {
                line.append(c);
            }
            return line.toString();
        }
    }
}
