package org.multipoint.internal.html;

import java.util.Locale;

/** Numbers as people read them. */
public final class Numbers {

    /** A space between a number and its unit, where no line ends. */
    public static final String NO_BREAK = "\u00a0";

    private static final double LEAST_PLAIN = 1e-3;
    private static final double MOST_PLAIN = 1e6;

    private Numbers() {
    }

    /** With so many digits behind the point, at most: none that say nothing. */
    public static String plain(double value, int digits) {
        String text = String.format(Locale.ROOT, "%." + digits + "f", value);
        return (text.contains(".") ? text.replaceFirst("\\.?0+$", "") : text).replaceFirst("^-0$", "0");
    }

    /** With three digits, whatever its size. */
    public static String three(double value) {
        double magnitude = Math.abs(value);
        if (magnitude != 0 && (magnitude < LEAST_PLAIN || magnitude >= MOST_PLAIN)) {
            return String.format(Locale.ROOT, "%.2e", value);
        }
        int whole = magnitude < 1 ? (magnitude == 0 ? 1 : (int) Math.floor(Math.log10(magnitude)) + 1) : (int) Math.log10(magnitude) + 1;
        return plain(value, Math.max(0, 3 - whole));
    }

    /** Bytes in the unit that suits them; a kilobyte is a thousand bytes. */
    public static String bytes(long bytes) {
        if (bytes < 1000) {
            return bytes + NO_BREAK + "bytes";
        }
        return bytes < 1_000_000 ? three(bytes / 1e3) + NO_BREAK + "kB" : three(bytes / 1e6) + NO_BREAK + "MB";
    }
}
