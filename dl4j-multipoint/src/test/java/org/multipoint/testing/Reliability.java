package org.multipoint.testing;

import java.util.Locale;

/**
 * How far tests of reliability go: seconds in the suite, minutes with {@code -Dorg.multipoint.long=true}, which {@code -Preliability} sets.
 * The figures that they print are those of docs/RELIABILITY.md.
 */
public final class Reliability {

    /** The JUnit tag of such tests. */
    public static final String TAG = "reliability";
    /** Whether the long versions run. */
    public static final boolean LONG = Boolean.getBoolean("org.multipoint.long");

    private Reliability() {
    }

    /** A number of repetitions. */
    public static int times(int inSuite, int inLong) {
        return LONG ? inLong : inSuite;
    }

    /** Prints a figure. */
    public static void figure(String format, Object... values) {
        System.out.println("reliability: " + String.format(Locale.ROOT, format, values));
    }
}
