package org.multipoint.internal.engine;

import org.junit.jupiter.api.Test;
import org.multipoint.internal.engine.Program.Add;
import org.multipoint.internal.engine.Program.GlobalPool;
import org.multipoint.internal.engine.Program.Instruction;
import org.multipoint.internal.engine.Program.Linear;
import org.multipoint.internal.engine.Program.PoolKind;
import org.multipoint.internal.ops.InputQuantization;
import org.multipoint.internal.ops.LinearOp;

import java.util.List;
import java.util.Optional;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

/** Which values additions round: those that quantized operations read, and nothing else but additions. */
class AddendRoundingTest {

    private static final InputQuantization Q = new InputQuantization(0.1f, 7, 8);
    private static final InputQuantization OTHER = new InputQuantization(0.2f, 7, 8);

    private static Linear reading(int input, InputQuantization q) {
        return new Linear(input, LinearOp.dense(2, 2, false), new Program.IntegerWeights(null, q), new float[2]);
    }

    /** The roundings of the only addition, which is the last instruction. */
    private static List<Optional<InputQuantization>> of(Instruction... instructions) {
        List<Instruction> all = AddendRounding.of(new Program(1, false, List.of(instructions))).instructions();
        return ((Add) all.get(all.size() - 1)).roundings();
    }

    @Test
    void theShortcutOfABlockIsRoundedAsItsLayersRoundIt() {
        assertEquals(List.of(Optional.of(Q), Optional.empty()), of(reading(0, Q), reading(1, OTHER), new Add(List.of(0, 2))));
    }

    @Test
    void severalLayersMustRoundAlike() {
        assertEquals(List.of(Optional.of(Q), Optional.empty()), of(reading(0, Q), reading(0, Q), new Add(List.of(0, 2))));
        assertEquals(List.of(Optional.empty(), Optional.empty()), of(reading(0, Q), reading(0, OTHER), new Add(List.of(0, 2))));
    }

    @Test
    void whatOthersReadIsNotRounded() {
        assertEquals(List.of(Optional.empty(), Optional.empty()), of(reading(0, Q), new GlobalPool(0, PoolKind.MEAN), new Add(List.of(0, 1))));
        Program program = new Program(1, false, List.of(reading(0, OTHER), reading(1, Q), new Add(List.of(1, 2))), List.of(3, 1));
        assertEquals(program, AddendRounding.of(program));
    }

    @Test
    void layersReadThroughWhatOnlyMovesValues() {
        assertEquals(List.of(Optional.of(Q), Optional.empty()), of(new GlobalPool(0, PoolKind.MAX), reading(1, Q), new Add(List.of(0, 2))));
        assertEquals(List.of(Optional.empty(), Optional.empty()), of(new GlobalPool(0, PoolKind.MEAN), reading(1, Q), new Add(List.of(0, 2))));
    }

    @Test
    void shortcutsOfShortcutsAreRoundedToo() {
        assertEquals(List.of(Optional.of(OTHER), Optional.empty()),
                of(reading(0, Q), new Add(List.of(0, 1)), reading(2, OTHER), new Add(List.of(2, 3))));
    }

    @Test
    void anAdditionSaysForEachOfItsImagesHowItIsRounded() {
        List<Optional<InputQuantization>> one = List.of(Optional.of(Q));
        assertThrows(IllegalArgumentException.class, () -> new Add(List.of(0, 0), one));
    }
}
