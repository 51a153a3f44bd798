package org.multipoint.internal.engine;

import org.junit.jupiter.api.Test;
import org.multipoint.internal.engine.Program.IntegerWeights;
import org.multipoint.internal.engine.Program.Linear;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.internal.ops.LinearOp.Size;
import org.multipoint.testing.TestPoints;

import java.util.Arrays;
import java.util.List;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

class ChannelPartTest {

    private static final InputQuantization POSITIVE = new InputQuantization(1, 0, 8);

    private static Linear linear(LinearOp op, byte[] codes, InputQuantization input) {
        float[] scales = new float[op.rows()];
        float[] bias = new float[op.rows()];
        Arrays.fill(bias, 3);
        return new Linear(0, op, new IntegerWeights(TestPoints.of(op.rows(), op.columns(), codes, scales), input), bias);
    }

    private static FusedLinear fused(Linear linear) {
        return FusedLinear.of(linear, FusedRows.FULL_LIMIT);
    }

    private static Linear dense(int in, int code, InputQuantization input) {
        byte[] codes = new byte[in];
        Arrays.fill(codes, (byte) code);
        return linear(LinearOp.dense(in, 1, false), codes, input);
    }

    @Test
    void operationsWhoseSumsFitStayWhole() {
        // 66,311 * 127 * 255 is the last multiple below 2^31.
        for (Linear whole : List.of(dense(66_311, 127, POSITIVE), dense(66_311, -127, POSITIVE), dense(120_000, 63, POSITIVE),
                dense(500_000, 127, new InputQuantization(1, 0, 5)))) {
            FusedLinear fused = fused(whole);
            List<ChannelPart> parts = ChannelPart.of(fused);
            assertEquals(1, parts.size());
            assertSame(fused, parts.get(0).linear());
        }
    }

    @Test
    void sumsThatDoNotFitAreTakenApart() {
        for (Linear large : List.of(dense(66_312, 127, POSITIVE), dense(66_312, -127, POSITIVE))) {
            List<ChannelPart> parts = ChannelPart.of(fused(large));
            assertEquals(2, parts.size());
            assertEquals(66_311, parts.get(0).to());
            assertEquals(0, parts.get(0).linear().bias()[0]);
            assertEquals(66_312, parts.get(1).to());
            assertEquals(3, parts.get(1).linear().bias()[0]);
        }
    }

    /** Codes of both signs cancel out in a whole sum and not in parts of it, whatever the zero point takes off. */
    @Test
    void partsOfSumsCount() {
        byte[] codes = new byte[140_000];
        Arrays.fill(codes, 0, 70_000, (byte) 127);
        Arrays.fill(codes, 70_000, 140_000, (byte) -127);
        for (int zeroPoint : new int[]{0, 128, 255}) {
            Linear linear = linear(LinearOp.dense(140_000, 1, false), codes, new InputQuantization(1, zeroPoint, 8));
            assertTrue(ChannelPart.of(fused(linear)).size() > 1, "zero point " + zeroPoint);
        }
    }

    @Test
    void partsTakeTheirChannelsOfEveryGroup() {
        // Codes of 120 to 127, from channel to channel: six channels fit, seven do not.
        int taps = 10_000;
        LinearOp op = new LinearOp(16, 4, 2, new Size(100, 100), Size.ONE, Size.ONE, Size.ZERO, LinearOp.PaddingMode.EXPLICIT, false, false);
        byte[] codes = new byte[op.rows() * op.columns()];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (byte) (120 + i / taps % 8);
        }
        List<ChannelPart> parts = ChannelPart.of(fused(linear(op, codes, POSITIVE)));
        assertEquals(2, parts.size());
        assertEquals(6, parts.get(0).to());
        assertEquals(12, parts.get(0).linear().op().inChannels());
        FusedRows rest = parts.get(1).linear().rows();
        assertEquals(2 * taps, rest.columns());
        for (int row = 0; row < op.rows(); row++) {
            assertArrayEquals(Arrays.copyOfRange(codes, (8 * row + 6) * taps, (8 * row + 8) * taps),
                    Arrays.copyOfRange(rest.codes(), 2 * row * taps, 2 * (row + 1) * taps));
        }
    }

    @Test
    void oneChannelMustFit() {
        assertTrue(ChannelPart.possible(dense(1_000_000, 127, POSITIVE)));
        LinearOp op = new LinearOp(1, 1, 1, new Size(258, 258), Size.ONE, Size.ONE, Size.ZERO, LinearOp.PaddingMode.EXPLICIT, false, false);
        assertFalse(ChannelPart.possible(linear(op, new byte[op.columns()], POSITIVE)));
        assertTrue(ChannelPart.possible(new Linear(0, op, new Program.FloatWeights(new float[op.columns()]), new float[1])));
    }
}
