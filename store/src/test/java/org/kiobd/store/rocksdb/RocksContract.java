package org.kiobd.store.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.store.MemberPort;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberStoreContract;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.testkit.TestLoops;

/** What databases add to the contract of every store, however they were made. */
abstract class RocksContract extends MemberStoreContract {
    @TempDir
    Path folder;

    /** The part of the URI behind the path. */
    protected abstract String options();

    protected abstract int blockBytes();

    @Override
    protected MemberStore create(long sizeBytes) throws Exception {
        return new RocksMemberStoreProvider()
                .create(MemberUri.parse("rocksdb:" + folder.resolve("member") + options()), sizeBytes);
    }

    @Override
    protected MemberStore open(MemberUri uri, boolean readOnly) throws Exception {
        return new RocksMemberStoreProvider().open(uri, readOnly);
    }

    @Override
    protected void reclaim() throws Exception {
        ((RocksMember) store).reclaimNow();
    }

    @Test
    void itsBlocksAreAsTheUriSaidAfterReopeningToo() throws Exception {
        assertThat(store.capabilities().blockBytes()).isEqualTo(blockBytes());
        byte[] data = pattern(MIB, 40);
        write(5L * blockBytes(), data);
        reopen(false);
        assertThat(store.capabilities().blockBytes()).isEqualTo(blockBytes());
        assertThat(store.uri().toString()).doesNotContain("?");
        assertThat(read(5L * blockBytes(), MIB)).isEqualTo(data);
        reopen(true);
        assertThat(read(5L * blockBytes(), MIB)).isEqualTo(data);
        assertThat(write(0, pattern(4096, 41), 0, 4096).error()).isEqualTo(IoError.NOT_PERMITTED);
        assertThat(range(Op.FLUSH, 0, 0, 0).error()).isNull();
    }

    @Test
    void wholeBlocksThatAreWrittenTogetherAreOneCall() {
        int writes = (64 << 10) / blockBytes();
        List<Kiobuf> requests = new ArrayList<>();
        for (int i = 0; i < writes; i++) {
            requests.add(writeOf(loop, 2L * i * blockBytes(), pattern(blockBytes(), 50 + i)));
        }
        long before = store.submittedOps();
        assertThat(runTogether(requests)).allMatch(ended -> ended.error() == null);
        assertThat(store.submittedOps() - before).isEqualTo(1);
        for (int i = 0; i < writes; i++) {
            assertThat(read(2L * i * blockBytes(), blockBytes())).isEqualTo(pattern(blockBytes(), 50 + i));
        }
    }

    @Test
    void zerosTakeNoSpace() {
        write(0, new byte[4 * MIB]);
        assertThat(piecesOf(0, 4 * MIB)).containsExactly("hole " + 4 * MIB);
        write(0, pattern(blockBytes(), 42));
        write(0, new byte[blockBytes()]);
        assertThat(piecesOf(0, blockBytes())).containsExactly("hole " + blockBytes());
    }

    /** Each writer owns some bytes of every block; all of them write at once, through two loops. */
    @Test
    void writersOfPartsOfABlockLoseNothingOfEachOther() {
        long seed = Long.getLong("kiobd.seed", System.nanoTime());
        Random random = new Random(seed);
        int blocks = 4;
        int part = 512;
        int parts = blocks * blockBytes() / part;
        IoLoop otherLoop = loops.all().get(1);
        MemberPort otherPort = TestLoops.call(otherLoop, () -> store.port(otherLoop));
        byte[] expected = new byte[parts * part];
        for (int round = 0; round < 8; round++) {
            List<CompletableFuture<Ended>> writes = new ArrayList<>();
            int whole = random.nextInt(blocks);
            byte[] block = new byte[blockBytes()];
            random.nextBytes(block);
            for (int i = 0; i < parts; i++) {
                byte[] data = new byte[part];
                random.nextBytes(data);
                int at = i * part;
                if (at / blockBytes() == whole) {
                    continue;
                }
                System.arraycopy(data, 0, expected, at, part);
                IoLoop on = i % 2 == 0 ? loop : otherLoop;
                MemberPort through = i % 2 == 0 ? port : otherPort;
                writes.add(CompletableFuture.supplyAsync(() -> run(on, through, writeOf(on, at, data))));
            }
            // One that is written whole meanwhile, and trimmed at once in the next round's place.
            int at = whole * blockBytes();
            System.arraycopy(block, 0, expected, at, blockBytes());
            writes.add(CompletableFuture.supplyAsync(() -> run(loop, port, writeOf(loop, at, block))));
            writes.forEach(one -> assertThat(TestLoops.await(one).error()).isNull());
            assertThat(read(0, expected.length))
                    .as("seed=%d round=%d", seed, round)
                    .isEqualTo(expected);
        }
        closePort(otherLoop, otherPort);
    }

    @Test
    void zeroingAPartOfABlockBesideWritersKeepsTheirBytes() {
        for (int round = 0; round < 20; round++) {
            byte[] data = pattern(blockBytes(), 50 + round);
            write(0, data);
            int half = blockBytes() / 2;
            byte[] fresh = pattern(half, 90 + round);
            CompletableFuture<Ended> zeroing = CompletableFuture.supplyAsync(() -> range(Op.WRITE_ZEROES, 0, half, 0));
            CompletableFuture<Ended> writing = CompletableFuture.supplyAsync(() -> run(writeOf(loop, half, fresh)));
            assertThat(TestLoops.await(zeroing).error()).isNull();
            assertThat(TestLoops.await(writing).error()).isNull();
            byte[] expected = new byte[blockBytes()];
            System.arraycopy(fresh, 0, expected, half, half);
            assertThat(read(0, blockBytes())).as("round=%d", round).isEqualTo(expected);
        }
    }

    @Test
    void rule7_whatWasAcknowledgedIsThereAfterTheFilesAreCopiedAway() throws Exception {
        byte[] data = pattern(MIB, 43);
        write(0, data);
        write(0, Arrays.copyOf(data, 4096));
        // As a crash leaves it: nothing was closed.
        Path copy = folder.resolve("copy");
        Trees.copy(folder.resolve("member"), copy);
        try (MemberStore found = open(MemberUri.parse("rocksdb:" + copy), false)) {
            assertThat(found.sizeBytes()).isEqualTo(SIZE_BYTES);
            MemberPort foundPort = TestLoops.call(loop, () -> found.port(loop));
            MemberPort before = port;
            port = foundPort;
            assertThat(read(0, MIB)).isEqualTo(data);
            port = before;
            closePort(loop, foundPort);
        }
    }
}
