package org.kiobd.store.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.kiobd.store.MemberStore;
import org.kiobd.store.file.FileSpaces;
import org.kiobd.volume.kiobuf.Op;
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

    private long takenBytes() throws Exception {
        long bytes = 0;
        try (Stream<Path> files = Files.list(Path.of(store.uri().location()))) {
            for (Path file : files.toList()) {
                bytes += file.getFileName().toString().startsWith("data-") ? FileSpaces.allocatedBytes(file) : 0;
            }
        }
        return bytes;
    }

    /** Each overwriting needs new places, and the old ones are not kept. */
    @Test
    void anOverwrittenMemberTakesLittleMoreThanItHolds() throws Exception {
        int bytes = 8 * MIB;
        for (int i = 0; i < 4; i++) {
            for (int at = 0; at < bytes; at += MIB) {
                write(at, pattern(MIB, i + at));
            }
            assertThat(range(Op.FLUSH, 0, 0, 0).error()).isNull();
        }
        reopen(false);
        assertThat(takenBytes()).isBetween((long) bytes, bytes * 13L / 10);
        assertThat(read(0, MIB)).isEqualTo(pattern(MIB, 3));
        assertThat(read(bytes - MIB, MIB)).isEqualTo(pattern(MIB, 3 + bytes - MIB));
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
