package org.multipoint.internal.engine;

import org.junit.jupiter.api.Test;
import org.multipoint.internal.engine.Program.Frame;
import org.multipoint.internal.engine.Program.Shape;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;
import org.multipoint.testing.TestPoints;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

import java.util.List;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** Instructions that only move values move each of them to its place, as floats and as integers. */
class RearrangeTest {

    private static final Shape IMAGE = new Shape(2, 3, 4, 6);

    /** Where the value of a pixel comes from, as an index into an image with channels first. */
    private interface Source {
        int of(int n, int c, int h, int w);
    }

    private static int at(Shape s, int n, int c, int h, int w) {
        return ((n * s.c() + c) * s.h() + h) * s.w() + w;
    }

    private static void moves(Rearrange rearrange, Source source) {
        Shape out = rearrange.shape(List.of(IMAGE));
        float[] expected = new float[out.n() * out.c() * out.h() * out.w()];
        for (int n = 0; n < out.n(); n++) {
            for (int c = 0; c < out.c(); c++) {
                for (int h = 0; h < out.h(); h++) {
                    for (int w = 0; w < out.w(); w++) {
                        expected[at(out, n, c, h, w)] = source.of(n, c, h, w);
                    }
                }
            }
        }
        int all = IMAGE.n() * IMAGE.c() * IMAGE.h() * IMAGE.w();
        INDArray x = Nd4j.arange(all).castTo(DataType.FLOAT).reshape(IMAGE.n(), IMAGE.c(), IMAGE.h(), IMAGE.w());
        byte[] identity = new byte[out.c() * out.c()];
        float[] ones = new float[out.c()];
        for (int i = 0; i < out.c(); i++) {
            identity[i * (out.c() + 1)] = 1;
            ones[i] = 1;
        }
        Program.Linear reader = new Program.Linear(1, LinearOp.dense(out.c(), out.c(), false),
                new Program.IntegerWeights(TestPoints.of(out.c(), out.c(), identity, ones), new InputQuantization(1, 3, 8)),
                new float[out.c()]);
        List<Program.Instruction> alone = List.of(rearrange);
        List<Program.Instruction> read = List.of(rearrange, reader);
        for (List<Program.Instruction> instructions : List.of(alone, read)) {
            for (Engine engine : List.of(new OneDnnEngine(), Engines.nd4j())) {
                try (Executable executable = engine.compile(new Program(1, false, instructions))) {
                    float[] found = executable.run(x).dup('c').data().asFloat();
                    assertArrayEquals(expected, found, engine.name() + " " + rearrange + " " + instructions.size());
                }
            }
        }
    }

    @Test
    void valuesAreMovedToTheirPlaces() {
        moves(new Rearrange.Upsample(0, 2, 3), (n, c, h, w) -> at(IMAGE, n, c, h / 2, w / 3));
        moves(new Rearrange.Upsample(0, 1, 1), (n, c, h, w) -> at(IMAGE, n, c, h, w));
        moves(new Rearrange.Crop(0, new Frame(1, 0, 2, 3)), (n, c, h, w) -> at(IMAGE, n, c, h + 1, w + 2));
        moves(new Rearrange.Crop(0, new Frame(1, 2, 2, 3)), (n, c, h, w) -> at(IMAGE, n, c, h + 1, w + 2));
        moves(new Rearrange.Select(0, 1, 3), (n, c, h, w) -> at(IMAGE, n, c + 1, h, w));
        moves(new Rearrange.Select(0, 2, 3), (n, c, h, w) -> at(IMAGE, n, c + 2, h, w));
        moves(new Rearrange.SpaceToDepth(0, 2), (n, c, h, w) -> at(IMAGE, n, c % 3, 2 * h + c / 6, 2 * w + c / 3 % 2));
        moves(new Rearrange.Reshape(0, false, false, List.of(8, 3, 3)), (n, c, h, w) -> ((n * 8 + c) * 3 + h) * 3 + w);
        moves(new Rearrange.Reshape(0, false, false, List.of(3, 2, 12)), (n, c, h, w) -> ((n * 3 + c) * 2 + h) * 12 + w);
        moves(new Rearrange.Reshape(0, false, false, List.of(72)), (n, c, h, w) -> n * 72 + c);
        moves(new Rearrange.Reshape(0, false, true, List.of(9)), (n, c, h, w) -> n * 9 + c);
        moves(new Rearrange.Permute(0, false, List.of(0, 2, 3, 1)), (n, c, h, w) -> at(IMAGE, n, w, c, h));
        moves(new Rearrange.Permute(0, false, List.of(0, 1, 3, 2)), (n, c, h, w) -> at(IMAGE, n, c, w, h));
        moves(new Rearrange.Permute(0, true, List.of(0, 2, 3, 1)), (n, c, h, w) -> at(IMAGE, n, w, c, h));
        moves(new Rearrange.Part(0, 1, 2), (n, c, h, w) -> at(IMAGE, n + 1, c, h, w));
    }

    @Test
    void whatDoesNotFitIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new Rearrange.Upsample(0, 0, 1));
        assertThrows(IllegalArgumentException.class, () -> new Rearrange.SpaceToDepth(0, 0));
        assertThrows(IllegalArgumentException.class, () -> new Rearrange.Reshape(0, false, false, List.of()));
        assertThrows(IllegalArgumentException.class, () -> new Rearrange.Permute(0, false, List.of(1, 0, 2, 3)));
        assertThrows(IllegalArgumentException.class, () -> new Rearrange.Permute(0, false, List.of(0, 1, 1, 3)));
        assertThrows(IllegalArgumentException.class, () -> new Rearrange.Part(0, 2, 2));
        for (Rearrange rearrange : List.of(new Rearrange.Crop(0, new Frame(2, 2, 0, 0)), new Rearrange.Select(0, 2, 4),
                new Rearrange.Select(0, 1, 1), new Rearrange.SpaceToDepth(0, 3), new Rearrange.Reshape(0, false, false, List.of(36)),
                new Rearrange.Reshape(0, false, true, List.of(7)), new Rearrange.Permute(0, false, List.of(0, 2, 1)), new Rearrange.Part(0, 0, 3))) {
            String message = assertThrows(IllegalArgumentException.class, () -> rearrange.shape(List.of(IMAGE))).getMessage();
            assertTrue(message.contains("[2, 3, 4, 6]"), message);
        }
    }
}
