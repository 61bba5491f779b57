package org.kiobd.store.rocksdb;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberCopy;
import org.kiobd.store.MemberOp;
import org.kiobd.store.StallWatch;
import org.kiobd.store.rocksdb.data.BlockReading;
import org.kiobd.store.rocksdb.data.Keeper;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;

/** Stores the blocks of a member: as values in its database, or in data files. Thread-safe unless a method says otherwise; calls block. */
interface BlockStore {
    /** Returns whether {@code op} is a WRITE of whole blocks only, which need not be read first. */
    boolean isWholeWrite(MemberOp op);

    /**
     * Executes the WRITEs {@code [from, to)}, all of them or none after a crash of the process. For more than one operation,
     * {@link #isWholeWrite} must hold for each.
     */
    void write(MemberOp[] ops, int from, int to) throws BlockIoException;

    /** Returns whether {@link #writeNow} and {@link #readNow} are worth a try; always the same. */
    default boolean worksOnLoop() {
        return false;
    }

    /**
     * Executes WRITEs like {@link #write}, waiting for nothing but the page cache; returns false, with nothing done, if that cannot be. May be
     * called on a loop.
     */
    default boolean writeNow(MemberOp[] ops, int from, int to) throws BlockIoException {
        return false;
    }

    /**
     * Executes a READ without waiting for the disk; returns false, with the READ still to be done, if that cannot be. May be called on a loop.
     */
    default boolean readNow(BlockReading reading) throws BlockIoException {
        return false;
    }

    /** Executes a TRIM or WRITE_ZEROES. */
    void clear(MemberOp op) throws BlockIoException;

    /**
     * Executes a READ up to the first block that cannot be read; {@code reading} then tells how many bytes are done.
     *
     * @throws BlockIoException the error that ended the READ early
     */
    void read(BlockReading reading) throws BlockIoException;

    /** Returns which blocks are stored, by the rules of {@link org.kiobd.volume.BlockDevice#extents}. */
    List<Extent> extents(ByteRange range, int maxExtents) throws BlockIoException;

    /** Returns an upper bound of the space that the database needs for what it has in memory only. */
    long unwrittenBytes() throws BlockIoException;

    /**
     * Makes every mutation that has returned durable. One thread at a time.
     *
     * @param afterShortage whether a mutation has failed for want of space, and none has succeeded since
     */
    void sync(boolean afterShortage) throws BlockIoException;

    /** Returns whether a sync that failed with {@code error} may have lost data, see {@link org.kiobd.store.MemberStore#isSyncFailureFinal}. */
    boolean isSyncFailureFinal(IoError error);

    /** Returns whether a durable write of the database makes the blocks durable, too; if it fails, they may be lost. */
    boolean isSyncedByDatabase();

    /** Returns the waits of writes for the store itself, beside those for the database; null if there can be none. */
    default @Nullable StallWatch waits() {
        return null;
    }

    /** Notes that {@code bytes} bytes were cleared, so that their space is given back some time. */
    void cleared(long bytes);

    /** Gives the space of cleared and overwritten blocks back now. */
    void reclaimNow() throws BlockIoException;

    /** Returns the bytes that the blocks take. */
    long allocatedBytes() throws BlockIoException;

    /** Returns the counter of the calls that moved or synced data. */
    LongAdder calls();

    /** Returns the number of reads that found damaged data. */
    long damagedReads();

    /** Begins a copy of the member to {@code to}, a folder that {@link RocksFolder#make} has made. */
    MemberCopy copyTo(Path to) throws BlockIoException;

    /**
     * Lets work in the background begin. Called once, if the member is open for writing.
     *
     * @param sync calls {@link #sync} such that no other sync runs
     */
    void start(Keeper.Sync sync);

    /** Ends the work in the background; returns false if it has not ended after {@code timeoutS} seconds. */
    boolean stop(int timeoutS) throws InterruptedException;

    /** Closes what is not the database's. The caller has stopped the store and synced. */
    void close() throws BlockIoException;
}
