package org.kiobd.store.rocksdb;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.kiobd.store.MemberOp;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Handles a disk that is nearly or completely full: decides when to make its reserve and when to give it up, whether a WRITE may be
 * tried, and whether a failed operation is worth another try. Thread-safe; calls block.
 */
final class RocksSpace {
    private static final Logger LOG = LoggerFactory.getLogger(RocksSpace.class);
    private static final int CLEAR_TIMEOUT_S = 12;
    private static final long CLEAR_PAUSE_NANOS = 50_000_000;

    private final MemberUri uri;
    private final RocksReserve reserve;
    private final RocksUpkeep upkeep;
    private final BlockStore blocks;
    private final LongSupplier memberBytes;
    private final SpaceShortage shortage = new SpaceShortage();

    /**
     * Borrows all parts.
     *
     * @param memberBytes tells the size of the member's data area
     */
    RocksSpace(MemberUri uri, RocksReserve reserve, RocksUpkeep upkeep, BlockStore blocks, LongSupplier memberBytes) {
        this.uri = uri;
        this.reserve = reserve;
        this.upkeep = upkeep;
        this.blocks = blocks;
        this.memberBytes = memberBytes;
    }

    /** Looks whether the member has a reserve, or would have no room for one. Called once, before the first WRITE. */
    void look() throws BlockIoException {
        if (reserve.exists()) {
            makeReserve();
        } else if (reserve.isSpaceLow()) {
            reserve.look(blocks.unwrittenBytes());
        }
    }

    /** Returns whether a WRITE may be tried, which is not so while the reserve is missing; first tries to make the reserve if it is due. */
    boolean takesWrites() {
        if (reserve.wantsTry()) {
            try {
                makeReserve();
            } catch (BlockIoException e) {
                reserve.cannotBeMade(e.getMessage());
            }
        }
        return !reserve.isMissing();
    }

    /** Returns whether {@link #takesWrites} returns true, and has nothing to do for that. */
    boolean takesWritesNow() {
        return !reserve.isMissing() && !reserve.wantsTry();
    }

    /** Makes the reserve if there is room for it and for the data in memory. */
    void makeReserve() throws BlockIoException {
        reserve.make(memberBytes.getAsLong(), blocks.unwrittenBytes());
        if (reserve.isSettled()) {
            upkeep.spaceAgain();
        }
    }

    /** Makes a larger reserve, if there was one, because the member has grown. */
    void grown() throws BlockIoException {
        if (reserve.isSettled()) {
            makeReserve();
        }
    }

    /** Executes {@code op}, a TRIM or WRITE_ZEROES; on a full disk, gives up the reserve for it. */
    void clear(MemberOp op) throws BlockIoException {
        boolean done = false;
        long startNanos = System.nanoTime();
        while (!done) {
            try {
                blocks.clear(op);
                done = true;
            } catch (BlockIoException e) {
                if (!getsSpace(e.error(), startNanos)) {
                    throw e;
                }
            }
        }
    }

    /**
     * Gives up the reserve if {@code error} is {@link IoError#NO_SPACE}, and waits for a moment.
     *
     * @param startNanos when the first try began
     * @return whether the operation is worth another try
     */
    boolean getsSpace(IoError error, long startNanos) {
        if (error != IoError.NO_SPACE || System.nanoTime() - startNanos > TimeUnit.SECONDS.toNanos(CLEAR_TIMEOUT_S)) {
            return false;
        }
        if (!reserve.release() && !reserve.fits(RocksSettings.WRITE_BUFFER_BYTES)) {
            return false;
        }
        // RocksDB checks every few seconds whether there is space for a write buffer again.
        LockSupport.parkNanos(CLEAR_PAUSE_NANOS);
        return true;
    }

    /** Returns the shortage of space that the next mutation meets, see {@link SpaceShortage#current}. */
    long shortage() {
        return shortage.current();
    }

    /**
     * Notes that a mutation succeeded: the member has space again.
     *
     * @param before what {@link #shortage} returned before the mutation began
     */
    void written(long before) {
        if (shortage.ended(before)) {
            LOG.info("member={} has space again", uri);
        }
    }

    /** Notes that a mutation failed with {@code error}. */
    void failed(IoError error) {
        shortage.failed(error);
    }
}
