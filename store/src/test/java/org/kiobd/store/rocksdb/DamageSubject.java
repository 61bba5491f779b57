package org.kiobd.store.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberUri;
import org.kiobd.store.StoreSubject;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.testkit.TestLoops;

/** A RocksDB member whose files a test damages. */
abstract class DamageSubject extends StoreSubject {
    protected static final int BLOCK_BYTES = 4096;

    protected static final RocksMemberStoreProvider PROVIDER = new RocksMemberStoreProvider();

    @TempDir
    Path folder;

    /** The part of the URI behind the path. */
    protected abstract String options();

    @Override
    protected IoEngine engine() {
        return IoEngine.EPOLL;
    }

    @Override
    protected MemberStore create(long sizeBytes) throws Exception {
        return PROVIDER.create(MemberUri.parse("rocksdb:" + folder.resolve("member") + options()), sizeBytes);
    }

    @Override
    protected MemberStore open(MemberUri uri, boolean readOnly) throws Exception {
        return PROVIDER.open(uri, readOnly);
    }

    protected static void flipBit(Path file, long atBytes, int bit) throws Exception {
        byte[] bytes = Files.readAllBytes(file);
        bytes[(int) atBytes] ^= (byte) (1 << bit);
        Files.write(file, bytes);
    }

    protected static void flipMiddle(Path file) throws Exception {
        flipBit(file, Files.size(file) / 2, 4);
    }

    protected Path place() {
        return Path.of(store.uri().location());
    }

    protected void openAgain(MemberUri uri) throws Exception {
        store = open(uri, false);
        port = TestLoops.call(loop, () -> store.port(loop));
    }

    /** A copy of the member as a crash leaves it: nothing was closed. */
    protected MemberUri crashed() throws Exception {
        Path copy = folder.resolve("crashed");
        Trees.copy(place(), copy);
        return MemberUri.parse("rocksdb:" + copy);
    }

    /** Reads all of {@code data} in pieces; each is as it was or EIO from a block on. Returns how many blocks are EIO. */
    protected int damagedBlocks(byte[] data, int pieceBytes) {
        int damaged = 0;
        for (int at = 0; at < data.length; at += pieceBytes) {
            byte[] read = new byte[pieceBytes];
            Ended ended = readInto(loop, port, at, read);
            int good = (int) ended.doneBytes();
            assertThat(Arrays.copyOf(read, good)).isEqualTo(Arrays.copyOfRange(data, at, at + good));
            if (good < pieceBytes) {
                assertThat(ended.error()).isEqualTo(IoError.IO);
                damaged += (pieceBytes - good) / BLOCK_BYTES;
            }
        }
        return damaged;
    }
}
