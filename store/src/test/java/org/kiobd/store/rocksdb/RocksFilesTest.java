package org.kiobd.store.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.kiobd.store.MemberStore;
import org.kiobd.volume.loop.IoEngine;

class RocksFilesTest extends RocksContract {
    @Override
    protected IoEngine engine() {
        return IoEngine.IO_URING;
    }

    @Override
    protected String options() {
        return "?data=files";
    }

    @Override
    protected int blockBytes() {
        return 4096;
    }

    /** It may say that the volume is clean; in the database, a sync of it would cover the blocks. */
    @Test
    void aSuperblockIsWrittenAfterASyncOfTheBlocks() throws Exception {
        write(0, pattern(blockBytes(), 3));
        long before = store.submittedOps();
        store.writeSuperblock(0, new byte[MemberStore.SUPERBLOCK_BYTES]);
        assertThat(store.submittedOps() - before).as("syncs").isEqualTo(1);
    }
}
