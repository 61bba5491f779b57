package org.kiobd.volume;

/**
 * A run of bytes that one thing can be said about: whether anything is stored for it. Immutable.
 *
 * @param lengthBytes number of bytes, 1 or more
 * @param kind what is stored for them
 */
public record Extent(long lengthBytes, Kind kind) {
    /** What is stored for a run. */
    public enum Kind {
        /** Bytes, or it is not known. */
        DATA,
        /** Room, but no bytes: it reads as zeros, and writing to it needs no more space. */
        ZERO,
        /** Nothing: it reads as zeros. */
        HOLE
    }

    /** @throws IllegalArgumentException if the length is 0 or negative */
    public Extent {
        if (lengthBytes < 1) {
            throw new IllegalArgumentException("no such extent: lengthBytes=" + lengthBytes);
        }
    }
}
