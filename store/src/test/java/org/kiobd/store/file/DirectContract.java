package org.kiobd.store.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.kiobd.store.CacheMode;
import org.kiobd.store.MemberCapability;
import org.kiobd.store.MemberPort;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberUri;
import org.kiobd.store.OpenOptions;
import org.kiobd.store.StoreFigures;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.kiobuf.AlignedMemory;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.testkit.TestLoops;

/** What files add to the contract of every store when the page cache is passed by: memory and blocks that must be aligned. */
abstract class DirectContract extends FileContract {
    private static final OpenOptions WRITABLE = new OpenOptions(false, CacheMode.NONE);

    @Override
    protected MemberStore create(long sizeBytes) throws Exception {
        super.create(sizeBytes).close();
        return open(MemberUri.file(file()), false);
    }

    @Override
    protected MemberStore open(MemberUri uri, boolean readOnly) throws Exception {
        return new FileMemberStoreProvider().open(uri, new OpenOptions(readOnly, CacheMode.NONE));
    }

    private int block() {
        return store.capabilities().blockBytes();
    }

    private StoreFigures.Direct figures() {
        return (StoreFigures.Direct) store.figures();
    }

    /** As in the page cache, but for what is read to patch a block and the pieces of what must be bounced. */
    @Test
    @Override
    void noCallIsMadeInVain() {
        long before = store.submittedOps();
        alignedWrite(0, pattern(MIB, 22));
        assertThat(store.submittedOps() - before).as("as it is").isEqualTo(1);
        write(0, pattern(MIB, 22));
        assertThat(store.submittedOps() - before).as("in pieces").isEqualTo(1 + MIB / BouncedOp.PIECE_BYTES);
        before = store.submittedOps();
        write(0, pattern(block(), 23), 0, 1);
        assertThat(store.submittedOps() - before).as("whole").isEqualTo(1);
        write(1, pattern(block() - 2, 23));
        assertThat(store.submittedOps() - before)
                .as("one block read and written")
                .isEqualTo(3);
        write(1, pattern(4 * block(), 23), Kiobuf.FUA, 100);
        assertThat(store.submittedOps() - before)
                .as("two read, a write, a sync")
                .isEqualTo(7);
        range(Op.FLUSH, 0, 0, 0);
        assertThat(store.submittedOps() - before).as("nothing to sync").isEqualTo(7);
    }

    private void alignedWrite(long offsetBytes, byte[] data) {
        ByteBuf memory = AlignedMemory.allocate(data.length).setBytes(0, data);
        assertThat(run(new Kiobuf(loop, Op.WRITE, offsetBytes, data.length).add(Fragment.of(memory, 0, data.length)))
                        .error())
                .isNull();
    }

    private byte[] alignedRead(long offsetBytes, int lengthBytes) {
        ByteBuf memory = AlignedMemory.allocate(lengthBytes);
        Ended ended = run(new Kiobuf(loop, Op.READ, offsetBytes, lengthBytes)
                .accept(ReadPiece.ACCEPT_FILE_EXTENT)
                .add(Fragment.of(memory.retain(), 0, lengthBytes)));
        assertThat(ended.error()).isNull();
        assertThat(ended.pieces()).as("not from the page cache").allMatch(ReadPiece.Memory.class::isInstance);
        byte[] bytes = new byte[lengthBytes];
        memory.getBytes(0, bytes).release();
        return bytes;
    }

    @Test
    void whatIsAlignedGoesAsItIsAndOnlyTheRestIsBounced() {
        assertThat(store.cacheMode()).isEqualTo(CacheMode.NONE);
        assertThat(store.capabilities().memoryAlignmentBytes()).isGreaterThan(1);
        assertThat(store.capabilities().has(MemberCapability.PAGE_CACHE)).isFalse();
        byte[] data = pattern(MIB, 40);
        alignedWrite(8192, data);
        assertThat(alignedRead(8192, MIB)).isEqualTo(data);
        assertThat(figures().bouncedOps()).isZero();
        assertThat(read(8192, MIB)).isEqualTo(data);
        assertThat(read(8191, 3)).endsWith(data[0], data[1]);
        assertThat(figures().bouncedOps()).isBetween(1L, 2L);
        assertThat(figures().patchedBlocks()).isZero();
        write(8191, new byte[] {1, 2});
        assertThat(figures().patchedBlocks()).isEqualTo(2);
        assertThat(alignedRead(8192, MIB)).startsWith(2, data[1]).endsWith(data[MIB - 1]);
    }

    @Test
    void bytesAtTheEdgesOfBlocksTouchNothingBesideThem() {
        byte[] model = pattern(64 << 10, 41);
        write(0, model);
        int[] blocks = {512, 4096, 2 * 4096};
        int[] lengths = {1, 2, 511, 512, 513, 4095, 4096, 4097, 8192, 20_000};
        byte mark = 0;
        for (int at : blocks) {
            for (int around = -2; around <= 2; around++) {
                for (int length : lengths) {
                    byte[] data = new byte[length];
                    Arrays.fill(data, ++mark);
                    write(at + around, data, length % 2 == 0 ? Kiobuf.FUA : 0, length);
                    Arrays.fill(model, at + around, at + around + length, mark);
                }
                assertThat(read(0, model.length)).isEqualTo(model);
            }
        }
    }

    /** Everybody writes his own bytes of the same two blocks, and nobody's are lost. */
    @Test
    void partsOfOneBlockFromTwoLoopsAtOnceAreAllKept() {
        long seed = Long.getLong("kiobd.seed", System.nanoTime());
        Random random = new Random(seed);
        IoLoop otherLoop = loops.all().get(1);
        MemberPort otherPort = TestLoops.call(otherLoop, () -> store.port(otherLoop));
        int partBytes = 64;
        byte[] model = new byte[2 * 4096];
        for (int round = 0; round < 30; round++) {
            random.nextBytes(model);
            List<CompletableFuture<Ended>> all = new ArrayList<>();
            for (int at = 0; at < model.length; ) {
                // Now and then whole blocks, which share nothing with their neighbours but exclude what is in parts.
                int bytes = at % 4096 == 0 && random.nextInt(3) == 0 ? 4096 : partBytes;
                byte[] part = Arrays.copyOfRange(model, at, at + bytes);
                boolean here = random.nextBoolean();
                all.add(submit(here ? loop : otherLoop, here ? port : otherPort, at, part));
                at += bytes;
            }
            all.forEach(one -> assertThat(TestLoops.await(one).error()).isNull());
            assertThat(read(0, model.length))
                    .as("seed=%d round=%d", seed, round)
                    .isEqualTo(model);
        }
        closePort(otherLoop, otherPort);
    }

    private static CompletableFuture<Ended> submit(IoLoop on, MemberPort through, long offsetBytes, byte[] data) {
        CompletableFuture<Ended> ended = new CompletableFuture<>();
        on.execute(() -> {
            Kiobuf request = writeOf(on, offsetBytes, data);
            through.submit(opOf(request, done -> {
                ended.complete(new Ended(done.doneBytes(), done.error(), List.of()));
                request.endSlice();
            }));
            request.submitted();
            through.unplug();
        });
        return ended;
    }

    @Test
    void whatIsReadOrWrittenIsNotInThePageCache() throws Exception {
        byte[] data = pattern(MIB, 42);
        alignedWrite(0, data);
        write(MIB, data);
        assertThat(alignedRead(0, MIB)).isEqualTo(data);
        assertThat(read(MIB, MIB, 5000)).isEqualTo(data);
        assertThat(range(Op.CACHE, 0, 2 * MIB, 0).error()).isNull();
        int fd = Libc.open(file().toString(), Libc.O_RDONLY, 0);
        try {
            for (long at = 0; at < 2 * MIB; at += 4096) {
                assertThat(CachedPages.hold(fd, dataOffsetBytes() + at, 4096))
                        .as("at=%d", at)
                        .isFalse();
            }
        } finally {
            Libc.close(fd);
        }
    }

    @Test
    void aFileThatEndsInsideABlockKeepsItsLength() throws Exception {
        closeMember();
        MemberUri uri = store.uri();
        int sizeBytes = 3 * 4096 + 17;
        new FileMemberStoreProvider().delete(uri);
        java.nio.file.Files.write(file(), new byte[(int) dataOffsetBytes() + sizeBytes]);
        store = dataOffsetBytes() == 0
                ? new FileMemberStoreProvider().openRaw(uri, WRITABLE)
                : new FileMemberStoreProvider().open(uri, WRITABLE);
        port = TestLoops.call(loop, () -> store.port(loop));
        assertThat(store.sizeBytes()).isEqualTo(sizeBytes);
        byte[] model = pattern(sizeBytes, 43);
        for (int from : new int[] {0, 4095, 3 * 4096 - 1, 3 * 4096, sizeBytes - 1}) {
            byte[] part = pattern(sizeBytes - from, 44 + from);
            assertThat(write(from, part, Kiobuf.FUA, part.length).error()).isNull();
            System.arraycopy(part, 0, model, from, part.length);
            assertThat(read(0, sizeBytes)).isEqualTo(model);
            assertThat(read(sizeBytes - 1, 1)).containsExactly(model[sizeBytes - 1]);
            assertThat(file()).hasSize(dataOffsetBytes() + sizeBytes);
        }
        assertThat(range(Op.WRITE_ZEROES, 3 * 4096 - 5, 10, 0).error()).isNull();
        Arrays.fill(model, 3 * 4096 - 5, 3 * 4096 + 5, (byte) 0);
        assertThat(read(0, sizeBytes)).isEqualTo(model);
    }
}
