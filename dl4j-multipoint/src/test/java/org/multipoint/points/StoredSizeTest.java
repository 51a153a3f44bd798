package org.multipoint.points;

import org.junit.jupiter.api.Test;

import static org.junit.jupiter.api.Assertions.assertEquals;

class StoredSizeTest {

    private static final int FRAME = MultipointPayload.HEADER_BYTES + MultipointPayload.CHECKSUM_BYTES;

    @Test
    void codesScalesAndCountsAreCounted() {
        // 16 codes of 4 bits; one scale a row, or a point, or for each n-th point of the layer.
        int[] single = {1, 1};
        assertEquals(FRAME + 8 + 4, StoredSize.payloadBytes(single, 8, 4, ScaleLayout.PER_ROW));
        assertEquals(FRAME + 8 + 4, StoredSize.payloadBytes(single, 8, 4, ScaleLayout.PER_POINT));
        assertEquals(FRAME + 8 + 2, StoredSize.payloadBytes(single, 8, 4, ScaleLayout.PER_LAYER));
        // A second point: 4 more bytes of codes, and a byte for the counts.
        int[] extra = {1, 2};
        assertEquals(FRAME + 12 + 4 + 1, StoredSize.payloadBytes(extra, 8, 4, ScaleLayout.PER_ROW));
        assertEquals(FRAME + 12 + 6 + 1, StoredSize.payloadBytes(extra, 8, 4, ScaleLayout.PER_POINT));
        assertEquals(FRAME + 12 + 4 + 1, StoredSize.payloadBytes(extra, 8, 4, ScaleLayout.PER_LAYER));
    }

    @Test
    void countsAreAsWideAsTheLargestNeeds() {
        int[] widths = {0, 1, 2, 2, 3, 3, 3, 3, 4};
        for (int n = 1; n <= widths.length; n++) {
            assertEquals(widths[n - 1], StoredSize.countBits(n), n + " points");
        }
        assertEquals(4, StoredSize.countBits(MultipointMatrix.MAX_POINTS));
    }

    @Test
    void aPointCostsItsCodesAndAScaleOfItsOwn() {
        assertEquals(4 * 9, StoredSize.pointBits(9, 4, ScaleLayout.PER_ROW));
        assertEquals(4 * 9, StoredSize.pointBits(9, 4, ScaleLayout.PER_LAYER));
        assertEquals(4 * 9 + 16, StoredSize.pointBits(9, 4, ScaleLayout.PER_POINT));
    }
}
