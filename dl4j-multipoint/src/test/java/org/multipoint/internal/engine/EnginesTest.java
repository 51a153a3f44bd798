package org.multipoint.internal.engine;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.multipoint.testing.ForkedJvm;

import java.util.List;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

/** What is said where oneDNN is not there, in processes that lack some of its libraries. */
class EnginesTest {

    /** Nothing of oneDNN, its native library alone, and a library that it needs. */
    @ParameterizedTest
    @ValueSource(strings = {"dnnl-.*", "dnnl-.*(linux|macosx|windows).*", "opencl-.*"})
    void aMissingOneDnnIsToldInOneLine(String missing) throws Exception {
        String output = ForkedJvm.runWithout(missing, EnginesTest.class);
        assertTrue(output.contains("engine nd4j"), output);
        List<String> warnings = output.lines().filter(l -> l.contains("WARN") && l.contains("ten times slower")).toList();
        assertEquals(1, warnings.size(), output);
        assertTrue(warnings.get(0).contains("dl4j-multipoint-platform"), output);
        assertFalse(output.contains("\tat "), output);
    }

    @Test
    void noWarningWhereNd4jIsAskedFor() throws Exception {
        String output = ForkedJvm.runWithout("dnnl-.*", EnginesTest.class, "-D" + Engines.PROPERTY + "=nd4j");
        assertTrue(output.contains("engine nd4j"), output);
        assertFalse(output.contains("WARN"), output);
    }

    @Test
    void noWarningWhereOneDnnIs() throws Exception {
        String output = ForkedJvm.runWithout("", EnginesTest.class);
        assertTrue(output.contains("engine onednn"), output);
        assertFalse(output.contains("WARN"), output);
    }

    @Test
    void anEngineThatIsAskedForAndCannotBeLoadedIsAnErrorWithItsCause() throws Exception {
        String output = ForkedJvm.runWithout("dnnl-.*", EnginesTest.class, "-D" + Engines.PROPERTY + "=onednn");
        assertTrue(output.contains("dl4j-multipoint-platform there?, caused by java.lang.NoClassDefFoundError"), output);
    }

    public static void main(String[] args) {
        try {
            System.out.println("engine " + Engines.preferred().name());
            System.out.println("engine " + Engines.preferred().name());
        } catch (IllegalStateException e) {
            System.out.println(e.getMessage() + ", caused by " + e.getCause().getClass().getName());
        }
    }
}
