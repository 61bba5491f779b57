package org.kiobd.volume.testkit;

import org.kiobd.volume.ByteRange;

/** Questions about ranges that only tests ask. */
public final class Ranges {
    private Ranges() {}

    /** Returns whether at least one byte is in both ranges. */
    public static boolean intersect(ByteRange one, ByteRange other) {
        return one.offsetBytes() < other.endBytes()
                && other.offsetBytes() < one.endBytes()
                && !one.isEmpty()
                && !other.isEmpty();
    }
}
