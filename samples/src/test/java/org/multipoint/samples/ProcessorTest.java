package org.multipoint.samples;

import org.junit.jupiter.api.Test;

import java.util.Set;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

class ProcessorTest {

    @Test
    void sumsOfBytesSaturateOnX86WithoutVnni() {
        assertTrue(Processor.saturates("amd64", Set.of("avx2", "avx512f")));
        assertTrue(Processor.saturates("x86_64", Set.of()));
        assertFalse(Processor.saturates("amd64", Set.of("avx2", "avx_vnni")));
        assertFalse(Processor.saturates("amd64", Set.of("avx512f", "avx512_vnni")));
        assertFalse(Processor.saturates("aarch64", Set.of("asimd")));
    }
}
