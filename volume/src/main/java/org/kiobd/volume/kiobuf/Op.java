package org.kiobd.volume.kiobuf;

/** What a request asks of a device. */
public enum Op {
    /** Bytes to memory (or to other {@link org.kiobd.volume.ReadPiece}s the requester accepts). */
    READ(true, true),
    /** Bytes from memory. */
    WRITE(true, true),
    /** Everything completed before must survive a power cut. Covers no range. */
    FLUSH(false, false),
    /** The range's content is no longer needed; it reads as anything until written, here always as zeros or as before. */
    TRIM(false, true),
    /** The range must read as zeros. */
    WRITE_ZEROES(false, false),
    /** The range will be read soon: a hint that changes no byte. */
    CACHE(false, false);

    private final boolean carriesData;
    private final boolean mergeable;

    Op(boolean carriesData, boolean mergeable) {
        this.carriesData = carriesData;
        this.mergeable = mergeable;
    }

    /** Whether the request has memory of its own length: READ and WRITE. */
    public boolean carriesData() {
        return carriesData;
    }

    /** Whether adjacent requests of this kind may share a chain: READ, WRITE and TRIM. */
    public boolean mergeable() {
        return mergeable;
    }

    /** Whether it may change what a later READ sees. */
    public boolean mutates() {
        return this == WRITE || this == TRIM || this == WRITE_ZEROES;
    }
}
