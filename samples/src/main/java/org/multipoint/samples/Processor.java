package org.multipoint.samples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The name of this machine's processor, and those of its instruction sets that matter to the speed of a network. */
final class Processor {

    /** The names that Linux uses. */
    private static final List<String> INSTRUCTIONS = List.of("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8",
            "asimd", "asimddp", "i8mm");

    /** Flags of instructions that sum products of bytes in 32 bits. */
    private static final Set<String> SUMS_OF_BYTES = Set.of("avx_vnni", "avx512_vnni");

    private Processor() {
    }

    /** The name, and in brackets the instructions; only the architecture where the operating system reports no more. */
    static String describe() {
        List<String> lines = lines();
        if (lines.isEmpty()) {
            return architecture();
        }
        Set<String> flags = flags(lines);
        return value(lines, "model name", architecture()) + " ("
                + String.join(" ", INSTRUCTIONS.stream().filter(flags::contains).toList()) + ")";
    }

    /**
     * Whether sums of two products of unsigned and signed bytes saturate at 16 bits: on x86 without VNNI. Also true where the system
     * does not provide the instructions of an x86 processor.
     */
    static boolean saturates() {
        return saturates(architecture(), flags(lines()));
    }

    static boolean saturates(String architecture, Set<String> flags) {
        return Set.of("amd64", "x86_64").contains(architecture) && flags.stream().noneMatch(SUMS_OF_BYTES::contains);
    }

    private static String architecture() {
        return System.getProperty("os.arch");
    }

    private static Set<String> flags(List<String> lines) {
        return new HashSet<>(Arrays.asList(value(lines, "flags", value(lines, "Features", "")).split(" ")));
    }

    /** Lines of Linux's description; empty on other systems. */
    private static List<String> lines() {
        try {
            return Files.readAllLines(Path.of("/proc/cpuinfo"));
        } catch (IOException e) {
            return List.of();
        }
    }

    private static String value(List<String> lines, String key, String otherwise) {
        return lines.stream().filter(l -> l.startsWith(key)).map(l -> l.substring(l.indexOf(':') + 1).strip()).findFirst()
                .orElse(otherwise);
    }
}
