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

    private Processor() {
    }

    /** The name, and in brackets the instructions; only the architecture where the operating system reports no more. */
    static String describe() {
        Path file = Path.of("/proc/cpuinfo");
        if (!Files.isReadable(file)) {
            return System.getProperty("os.arch");
        }
        try {
            List<String> lines = Files.readAllLines(file);
            String name = value(lines, "model name", System.getProperty("os.arch"));
            Set<String> flags = new HashSet<>(Arrays.asList(value(lines, "flags", value(lines, "Features", "")).split(" ")));
            return name + " (" + String.join(" ", INSTRUCTIONS.stream().filter(flags::contains).toList()) + ")";
        } catch (IOException e) {
            return System.getProperty("os.arch");
        }
    }

    private static String value(List<String> lines, String key, String otherwise) {
        return lines.stream().filter(l -> l.startsWith(key)).map(l -> l.substring(l.indexOf(':') + 1).strip()).findFirst()
                .orElse(otherwise);
    }
}
