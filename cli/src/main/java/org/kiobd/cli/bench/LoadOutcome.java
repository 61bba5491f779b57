package org.kiobd.cli.bench;

import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.client.NbdException;

/** The outcome of a load. Written by one thread; others read after that thread has finished. */
public final class LoadOutcome {
    private static final int NOWHERE = -1;

    private final LoadFigures reads = new LoadFigures();
    private final LoadFigures writes = new LoadFigures();
    private final LoadFigures flushes = new LoadFigures();
    private @Nullable NbdException firstError;
    private boolean lost;
    private long errors;
    private long wrongBlocks;
    private long firstWrongBytes = NOWHERE;

    /** Records a failed request: the server refused it, or the connection was lost. */
    void failed(NbdException failure) {
        errors++;
        if (firstError == null) {
            firstError = failure;
        }
        lost |= failure.kind() != NbdException.Kind.SERVER;
    }

    /** Records a block that differs from the written data, from {@code offsetBytes} on. */
    void wrong(long offsetBytes) {
        wrongBlocks++;
        if (firstWrongBytes == NOWHERE) {
            firstWrongBytes = offsetBytes;
        }
    }

    /** Adds the outcome of another connection. */
    void add(LoadOutcome other) {
        reads.add(other.reads);
        writes.add(other.writes);
        flushes.add(other.flushes);
        errors += other.errors;
        wrongBlocks += other.wrongBlocks;
        lost |= other.lost;
        if (firstError == null) {
            firstError = other.firstError;
        }
        if (firstWrongBytes == NOWHERE) {
            firstWrongBytes = other.firstWrongBytes;
        }
    }

    public LoadFigures reads() {
        return reads;
    }

    public LoadFigures writes() {
        return writes;
    }

    public LoadFigures flushes() {
        return flushes;
    }

    /** Returns the number of requests that failed. */
    public long errors() {
        return errors;
    }

    public @Nullable NbdException firstError() {
        return firstError;
    }

    /** Returns whether a connection is unusable. */
    boolean isLost() {
        return lost;
    }

    /** Returns the number of blocks that differed from the written data. */
    public long wrongBlocks() {
        return wrongBlocks;
    }

    /** Returns the offset of the first such difference; -1 if there is none. */
    public long firstWrongBytes() {
        return firstWrongBytes;
    }
}
