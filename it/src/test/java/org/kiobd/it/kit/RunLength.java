package org.kiobd.it.kit;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * How much of what can be repeated a run repeats. {@code it/verify} takes a sample: each kind of fault is looked for, with fewer rounds and
 * combinations. {@code it/verify --full}, or {@code -Dkiobd.full=true}, repeats everything. Any thread.
 */
public enum RunLength {
    SAMPLE,
    FULL;

    /** Returns the length of this run. */
    public static RunLength current() {
        return Boolean.getBoolean("kiobd.full") ? FULL : SAMPLE;
    }

    /** Returns whether this is a sample on a newer JDK, after another lane has run all of the sample. */
    public static boolean isSecondLane() {
        return current() == SAMPLE
                && !System.getProperty("kiobd.lane", "default").equals("default");
    }

    /** Returns the number of rounds of this run. */
    public static int rounds(int sample, int full) {
        return current() == FULL ? full : sample;
    }

    /** Returns {@code sample}, followed by {@code more} in a full run. */
    @SafeVarargs
    @SuppressWarnings("varargs") // the array is read here and not kept
    public static <T> Stream<T> of(List<T> sample, T... more) {
        return current() == FULL ? Stream.concat(sample.stream(), Arrays.stream(more)) : sample.stream();
    }
}
