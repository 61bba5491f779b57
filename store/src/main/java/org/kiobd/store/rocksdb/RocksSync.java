package org.kiobd.store.rocksdb;

import java.util.concurrent.Executor;
import java.util.concurrent.atomic.LongAdder;
import org.kiobd.store.MemberUri;
import org.kiobd.store.SyncRounds;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.rocksdb.RocksDBException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Syncs the log of a member for FLUSH, FUA and its closing; of a member that is open read-only there is nothing to sync. Thread-safe. */
final class RocksSync {
    private static final Logger LOG = LoggerFactory.getLogger(RocksSync.class);

    private final MemberUri uri;
    private final RocksWrites writes;
    private final RocksSpace space;
    private final LongAdder calls;
    private final boolean readOnly;
    private final SyncRounds rounds;

    /**
     * Borrows all parts.
     *
     * @param calls counts the syncs
     * @param threads run the rounds
     */
    RocksSync(
            MemberUri uri, RocksWrites writes, RocksSpace space, LongAdder calls, Executor threads, boolean readOnly) {
        this.uri = uri;
        this.writes = writes;
        this.space = space;
        this.calls = calls;
        this.readOnly = readOnly;
        this.rounds = new SyncRounds(threads, this::sync, failure -> isFinal(IoError.ofCode(failure)));
    }

    /** Returns the rounds that requests join; a failure there is the code of an {@link IoError}. */
    SyncRounds rounds() {
        return rounds;
    }

    /**
     * Returns whether no sync succeeds after one failed with {@code error} until the member is opened again. A full disk is not final:
     * RocksDB then flushes its memtables to new files before it accepts another write, and does not rely on the data that it could not
     * sync.
     */
    static boolean isFinal(IoError error) {
        return error != IoError.NO_SPACE;
    }

    private int sync() {
        if (readOnly) {
            return 0;
        }
        try {
            calls.increment();
            long shortage = space.shortage();
            if (shortage != SpaceShortage.NONE) {
                // RocksDB recovers by itself when there is space, but never after a sync of a log that could not grow.
                writes.tryWrite();
                space.written(shortage);
            }
            writes.sync();
            return 0;
        } catch (RocksDBException e) {
            IoError error = RocksErrors.toIoError(e);
            LOG.error(
                    "member={} could not be synced, error={}: {}; syncs of it fail until {}",
                    uri,
                    error,
                    String.valueOf(e.getMessage()),
                    isFinal(error) ? "it is opened again" : "there is space again");
            return error.code();
        }
    }

    /** Notes that a synced write failed, because its sync also covered other data in the log; returns {@code e}. */
    BlockIoException failed(BlockIoException e) {
        rounds.failed(e.error().code());
        return e;
    }
}
