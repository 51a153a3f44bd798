package org.multipoint.points;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

import java.util.Random;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

class BitPackingTest {

    @Property(seed = "1")
    void whatIsPutIsGotAndNothingElseIsTouched(@ForAll @IntRange(min = 1, max = 8) int bits,
                                               @ForAll @IntRange(min = 0, max = 40) int count,
                                               @ForAll @IntRange(min = 0, max = 3) int offset, @ForAll long seed) {
        Random random = new Random(seed);
        int[] values = random.ints(count, 0, 1 << bits).toArray();
        int packed = (int) BitPacking.bytes(count, bits);
        byte[] bytes = new byte[offset + packed + 1];
        for (int i = 0; i < count; i++) {
            BitPacking.put(bytes, offset, i, bits, values[i]);
        }
        int[] read = new int[count];
        for (int i = 0; i < count; i++) {
            read[i] = BitPacking.get(bytes, offset, i, bits);
        }
        assertArrayEquals(values, read);
        for (int i = 0; i < offset; i++) {
            assertEquals(0, bytes[i], "byte " + i + " before the packed ones");
        }
        assertEquals(0, bytes[offset + packed], "the byte after the packed ones");
    }

    @Test
    void firstElementTakesTheLowestBits() {
        byte[] bytes = new byte[2];
        BitPacking.put(bytes, 0, 0, 3, 0b101);
        BitPacking.put(bytes, 0, 1, 3, 0b011);
        BitPacking.put(bytes, 0, 2, 3, 0b110);
        assertArrayEquals(new byte[]{(byte) 0b10_011_101, 0b1}, bytes);
    }

    @Test
    void bytesAreTheBitsRoundedUp() {
        assertEquals(0, BitPacking.bytes(0, 8));
        assertEquals(0, BitPacking.bytes(1000, 0));
        assertEquals(1, BitPacking.bytes(4, 2));
        assertEquals(2, BitPacking.bytes(5, 2));
        assertEquals(3L << 30, BitPacking.bytes(1L << 32, 6), "beyond the range of int");
    }
}
