package org.kiobd.it.bench;

import java.util.Locale;

/** Formats numbers for the page. Stateless. */
final class Figures {
    private static final int NANOS_BELOW = 10_000;
    private static final int KIB = 1 << 10;
    private static final int MIB = 1 << 20;

    private Figures() {}

    static String nanos(double nanos) {
        return nanos < NANOS_BELOW ? format("%.0f ns", nanos) : format("%,.1f us", nanos / 1000);
    }

    static String millis(double nanos) {
        return format("%.2f ms", nanos / 1e6);
    }

    static String bytes(double bytes) {
        return format("%,.0f B", bytes);
    }

    /** Formats a size in the largest unit that it reaches; rounds down, so it should be a multiple of that unit. */
    static String size(long bytes) {
        return bytes < KIB ? bytes + " B" : bytes < MIB ? bytes / KIB + " KiB" : bytes / MIB + " MiB";
    }

    static String times(double ratio) {
        return format("%.2f", ratio);
    }

    static String range(double least, double most) {
        return times(least) + " to " + times(most) + " times";
    }

    static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
