package org.kiobd.volume.kiobuf;

/** The operation that a request asks of a device. */
public enum Op {
    /** Reads the range into memory (or answers with other {@link org.kiobd.volume.ReadPiece}s that the requester accepts). */
    READ(true, true),
    /** Writes the payload to the range. */
    WRITE(true, true),
    /** Makes every mutation that completed before durable, so that it survives a power cut. Covers no range. */
    FLUSH(false, false),
    /** Discards the content of the range. It is undefined until the next write; here it reads as zeros or as before. */
    TRIM(false, true),
    /** Makes the range read as zeros. */
    WRITE_ZEROES(false, false),
    /** Hints that the range will be read soon; changes no byte. */
    CACHE(false, false);

    private final boolean carriesData;
    private final boolean mergeable;

    Op(boolean carriesData, boolean mergeable) {
        this.carriesData = carriesData;
        this.mergeable = mergeable;
    }

    /** Returns whether a request of this kind has memory of its length: READ and WRITE. */
    public boolean carriesData() {
        return carriesData;
    }

    /** Returns whether adjacent requests of this kind may share a chain: READ, WRITE and TRIM. */
    public boolean mergeable() {
        return mergeable;
    }

    /** Returns whether a request of this kind may change what a later READ returns. */
    public boolean mutates() {
        return this == WRITE || this == TRIM || this == WRITE_ZEROES;
    }
}
