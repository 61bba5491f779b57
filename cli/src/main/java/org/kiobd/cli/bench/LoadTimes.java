package org.kiobd.cli.bench;

/**
 * When a load is measured, on the clock of {@link System#nanoTime}. Immutable.
 *
 * @param measureNanos from here
 * @param endNanos up to here; nothing is sent after it, but to verify
 */
record LoadTimes(long measureNanos, long endNanos) {
    boolean isMeasured(long nanos) {
        return nanos - measureNanos >= 0 && nanos - endNanos < 0;
    }
}
