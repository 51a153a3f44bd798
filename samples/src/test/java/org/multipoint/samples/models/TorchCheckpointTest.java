package org.multipoint.samples.models;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

class TorchCheckpointTest {

    @TempDir
    Path folder;

    /** Writes what Python's pickle and PyTorch would. */
    private static final class Writer {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        Writer put(int... values) {
            for (int value : values) {
                bytes.write(value);
            }
            return this;
        }

        Writer text(String text) {
            return put('X').number(text.length(), Integer.BYTES).raw(text);
        }

        Writer raw(String text) {
            bytes.writeBytes(text.getBytes(StandardCharsets.UTF_8));
            return this;
        }

        Writer number(long value, int width) {
            bytes.write(ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array(), 0, width);
            return this;
        }

        /** A tensor of two rows and three columns in a storage of nine values, from the third on. */
        Writer tensor(String key, String type, int rowStride, String function) {
            raw("ctorch._utils\n" + function + "\n").put('(');
            put('(').text("storage").raw("ctorch\n" + type + "\n").text(key).text("cuda:0").put('K', 9, 'N', 't', 'Q');
            put('K', 2, 'K', 2, 'K', 3, 0x86, 'K', rowStride, 'K', 1, 0x86);
            return (function.endsWith("v2") ? put(0x89).raw("ccollections\nOrderedDict\n").put(')', 'R') : this).put('t', 'R');
        }
    }

    private static byte[] checkpoint(int rowStride, String function) {
        Writer w = new Writer().put(0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.');
        w.put(0x80, 2, 'M', 0xe9, 3, '.');
        w.put(0x80, 2, '}', 'q', 0, '(').text("little_endian").put(0x88, 'u', '.');
        w.put(0x80, 2, '}', '(').text("state_dict").raw("ccollections\nOrderedDict\n").put(')', 'R', 'q', 1, '(');
        w.text("module.conv.weight").tensor("17", "FloatStorage", rowStride, function);
        w.text("bn.num_batches_tracked").tensor("18", "LongStorage", rowStride, function);
        w.put('u').text("best_prec1").put('G', 0x40, 0x56, 0xe0, 0, 0, 0, 0, 0, 'u', '.');
        w.put(0x80, 2, ']', '(').text("17").text("18").put('e', '.');
        w.number(9, Long.BYTES);
        for (int i = 0; i < 9; i++) {
            w.number(Float.floatToIntBits(i / 2f), Float.BYTES);
        }
        w.number(9, Long.BYTES);
        for (int i = 0; i < 9; i++) {
            w.number(i, Long.BYTES);
        }
        return w.bytes.toByteArray();
    }

    private Path file(byte[] content) throws IOException {
        return Files.write(folder.resolve("net.th"), content);
    }

    @ParameterizedTest
    @ValueSource(strings = {"_rebuild_tensor", "_rebuild_tensor_v2"})
    void tensorsOfFloatsAreReadByTheirNames(String function) throws IOException {
        Map<String, INDArray> tensors = TorchCheckpoint.read(file(checkpoint(3, function)));
        assertEquals(Map.of("conv.weight", Nd4j.createFromArray(new float[][]{{1, 1.5f, 2}, {2.5f, 3, 3.5f}})), tensors);
    }

    @Test
    void whatWasConvertedIsRead() throws IOException {
        Path npz = folder.resolve("net.npz");
        CifarResNet.convert(file(checkpoint(3, "_rebuild_tensor")), npz);
        assertEquals(TorchCheckpoint.read(folder.resolve("net.th")).get("conv.weight"), Npz.read(npz).get("conv.weight", 2, 3));
    }

    private void assertRefused(byte[] content, String complaint) throws IOException {
        Path file = file(content);
        IOException e = assertThrows(IOException.class, () -> TorchCheckpoint.read(file));
        assertTrue(e.getMessage().contains("net.th") && e.getMessage().contains(complaint), e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99})
    void aTruncatedFileIsNamed(double share) throws IOException {
        byte[] whole = checkpoint(3, "_rebuild_tensor");
        assertRefused(Arrays.copyOf(whole, (int) (share * whole.length)), "truncated or altered");
    }

    @Test
    void aTensorThatIsNotContiguousIsRefused() throws IOException {
        assertRefused(checkpoint(4, "_rebuild_tensor_v2"), "not contiguous");
    }

    /** A pickle may name anything that Python has; nothing of it happens here. */
    @ParameterizedTest
    @CsvSource({"_rebuild_hat, a call of torch._utils _rebuild_hat"})
    void otherCallsAreRefused(String function, String complaint) throws IOException {
        assertRefused(checkpoint(3, function), complaint);
    }

    @Test
    void anotherFileIsNone() throws IOException {
        assertRefused("PK this is a zip archive, as of PyTorch 1.6 and later".getBytes(StandardCharsets.UTF_8), "no checkpoint of PyTorch before 1.6");
    }
}
