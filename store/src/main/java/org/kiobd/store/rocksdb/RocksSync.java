package org.kiobd.store.rocksdb;

import java.util.concurrent.Executor;
import org.kiobd.store.MemberUri;
import org.kiobd.store.SyncRounds;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Syncs the log of a member for FLUSH, FUA and its closing; of a member that is open read-only there is nothing to sync. Thread-safe. */
final class RocksSync {
    private static final Logger LOG = LoggerFactory.getLogger(RocksSync.class);

    private final MemberUri uri;
    private final BlockStore blocks;
    private final RocksSpace space;
    private final boolean readOnly;
    private final SyncRounds rounds;

    /**
     * Borrows all parts.
     *
     * @param threads run the rounds
     */
    RocksSync(MemberUri uri, BlockStore blocks, RocksSpace space, Executor threads, boolean readOnly) {
        this.uri = uri;
        this.blocks = blocks;
        this.space = space;
        this.readOnly = readOnly;
        this.rounds =
                new SyncRounds(threads, this::sync, failure -> blocks.isSyncFailureFinal(IoError.ofCode(failure)));
    }

    /** Returns the rounds that requests join; a failure there is the code of an {@link IoError}. */
    SyncRounds rounds() {
        return rounds;
    }

    private int sync() {
        if (readOnly) {
            return 0;
        }
        try {
            long shortage = space.shortage();
            blocks.sync(shortage != SpaceShortage.NONE);
            space.written(shortage);
            return 0;
        } catch (BlockIoException e) {
            LOG.error(
                    "member={} could not be synced, error={}: {}; syncs of it fail until {}",
                    uri,
                    e.error(),
                    e.getMessage(),
                    blocks.isSyncFailureFinal(e.error()) ? "it is opened again" : "there is space again");
            return e.error().code();
        }
    }

    /** Notes that a synced write failed, because its sync also covered other data in the log; returns {@code e}. */
    BlockIoException failed(BlockIoException e) {
        rounds.failed(e.error().code());
        return e;
    }
}
