package org.kiobd.cli.bench;

import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.client.NbdException;

/** What has come of a load. Written by one thread; others read it when that is done. */
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

    /** The server said no, or went away. */
    void failed(NbdException failure) {
        errors++;
        if (firstError == null) {
            firstError = failure;
        }
        lost |= failure.kind() != NbdException.Kind.SERVER;
    }

    /** A block does not hold what was written to it, from {@code offsetBytes} on. */
    void wrong(long offsetBytes) {
        wrongBlocks++;
        if (firstWrongBytes == NOWHERE) {
            firstWrongBytes = offsetBytes;
        }
    }

    /** What another connection has brought. */
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

    /** Requests that were not answered with success. */
    public long errors() {
        return errors;
    }

    public @Nullable NbdException firstError() {
        return firstError;
    }

    /** Whether a connection is of no more use. */
    boolean isLost() {
        return lost;
    }

    /** Blocks that did not hold what was written to them. */
    public long wrongBlocks() {
        return wrongBlocks;
    }

    /** Where the first of those begins to differ; -1 without one. */
    public long firstWrongBytes() {
        return firstWrongBytes;
    }
}
