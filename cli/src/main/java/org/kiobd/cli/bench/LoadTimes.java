package org.kiobd.cli.bench;

/**
 * The measured period of a load, on the clock of {@link System#nanoTime}. Immutable.
 *
 * @param measureNanos start of the period
 * @param endNanos end of the period; after it, only reads for verification are sent
 */
record LoadTimes(long measureNanos, long endNanos) {
    boolean isMeasured(long nanos) {
        return nanos - measureNanos >= 0 && nanos - endNanos < 0;
    }
}
