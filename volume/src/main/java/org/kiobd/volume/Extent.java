package org.kiobd.volume;

/**
 * A run of bytes of one {@link Kind}. Immutable.
 *
 * @param lengthBytes number of bytes, 1 or more
 * @param kind what is stored for the bytes
 */
public record Extent(long lengthBytes, Kind kind) {
    /** Says what is stored for a run of bytes. */
    public enum Kind {
        /** Data is stored, or the device cannot tell. */
        DATA,
        /** Space is allocated but holds no data: the run reads as zeros, and a write to it needs no more space. */
        ZERO,
        /** Nothing is stored: the run reads as zeros. */
        HOLE
    }

    /** @throws IllegalArgumentException if the length is 0 or negative */
    public Extent {
        if (lengthBytes < 1) {
            throw new IllegalArgumentException("no such extent: lengthBytes=" + lengthBytes);
        }
    }
}
