package org.kiobd.store.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberStoreContract;
import org.kiobd.store.MemberUri;
import org.kiobd.store.format.Superblock;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.testkit.Seeded;
import org.kiobd.volume.testkit.TestLoops;

/** What files add to the contract of every store, whatever the engine. */
abstract class FileContract extends MemberStoreContract {
    @TempDir
    Path folder;

    Path file() {
        return folder.resolve("member.img");
    }

    long dataOffsetBytes() {
        return Superblock.DATA_OFFSET_BYTES;
    }

    /** A plain image, all hole, in the place of the member. */
    MemberUri makeImage(long sizeBytes) throws Exception {
        try (RandomAccessFile image = new RandomAccessFile(file().toFile(), "rw")) {
            image.setLength(sizeBytes);
        }
        return MemberUri.file(file());
    }

    /** The numbers that its member works with. */
    FileTuning tuning() {
        return FileTuning.DEFAULT;
    }

    @Override
    protected MemberStore create(long sizeBytes) throws Exception {
        return new FileMemberStoreProvider(tuning()).create(MemberUri.file(file()), sizeBytes);
    }

    @Override
    protected MemberStore open(MemberUri uri, boolean readOnly) throws Exception {
        return new FileMemberStoreProvider(tuning()).open(uri, readOnly);
    }

    @Test
    void dataStandsInTheFileWhereTheFormatSays() throws Exception {
        byte[] data = pattern(MIB, 20);
        write(12_345, data);
        try (FileChannel channel = FileChannel.open(file(), StandardOpenOption.READ)) {
            java.nio.ByteBuffer found = java.nio.ByteBuffer.allocate(MIB);
            assertThat(channel.read(found, dataOffsetBytes() + 12_345)).isEqualTo(MIB);
            assertThat(found.array()).isEqualTo(data);
        }
        assertThat(Files.size(file())).isEqualTo(dataOffsetBytes() + SIZE_BYTES);
    }

    private void truncate(long dataBytes) throws Exception {
        try (FileChannel channel = FileChannel.open(file(), StandardOpenOption.WRITE)) {
            channel.truncate(dataOffsetBytes() + dataBytes);
        }
    }

    /** A READ by all ways a server may ask for: into memory, with holes told, with parts of files. */
    private Ended readBy(int accepts, long offsetBytes, byte[] into) {
        ByteBuf memory = PooledByteBufAllocator.DEFAULT.directBuffer(into.length, into.length);
        Kiobuf request = new Kiobuf(loop, Op.READ, offsetBytes, into.length).accept(accepts);
        Ended ended = run(request.add(Fragment.of(memory.retain(), 0, into.length)));
        memory.getBytes(0, into).release();
        return ended;
    }

    /** Somebody makes the file shorter while it is open: what is missing is an error by every way there is, never zeros. */
    @Seeded(rounds = 3)
    void memberRule3_whatTheFileNoLongerHasIsAnErrorAndNeverZeros(Random random) throws Exception {
        byte[] data = pattern(2 * MIB, random.nextLong());
        write(0, data);
        int hasBytes = 4096 + random.nextInt(2 * MIB - 8192);
        truncate(hasBytes);
        int unit = store.capabilities().blockBytes();
        for (int i = 0; i < 60; i++) {
            int accepts = random.nextInt(4);
            int from = random.nextInt(2 * MIB - 1);
            int bytes = 1 + random.nextInt(Math.min(300_000, 2 * MIB - from));
            byte[] into = new byte[bytes];
            Ended ended = readBy(accepts, from, into);
            boolean isThere = from + bytes <= hasBytes;
            // A block in which the file ends now is read as a whole where the page cache is passed by.
            boolean isInLastBlock = isThere && from + bytes > hasBytes / unit * unit && unit > 1;
            if (!isInLastBlock) {
                assertThat(ended.error())
                        .as("%s+%s of %s", from, bytes, hasBytes)
                        .isEqualTo(isThere ? null : IoError.IO);
            }
            boolean inMemory = ended.pieces().stream().allMatch(piece -> piece instanceof ReadPiece.Memory);
            int good = ended.error() == null ? bytes : (int) ended.doneBytes();
            assertThat(from + good).as("told as good").isLessThanOrEqualTo(Math.max(from, hasBytes));
            if (inMemory) {
                assertThat(Arrays.copyOf(into, good)).isEqualTo(Arrays.copyOfRange(data, from, from + good));
            }
        }
        assertThat(readBy(0, 3L * MIB, new byte[5000]).error())
                .as("what was a hole")
                .isEqualTo(IoError.IO);
        assertThat(readBy(ReadPiece.ACCEPT_HOLE, 3L * MIB, new byte[MIB]).error())
                .as("what was a hole")
                .isEqualTo(IoError.IO);
        assertLostForGood(hasBytes);
    }

    /** A write behind the end would make the file long again, and what is before it zeros. */
    private void assertLostForGood(int hasBytes) throws Exception {
        long length = Files.size(file());
        assertThat(write(3L * MIB, pattern(8192, 2), 0, 8192).error()).isEqualTo(IoError.IO);
        assertThat(range(Op.WRITE_ZEROES, 3L * MIB, 8192, Kiobuf.NO_HOLE).error())
                .isEqualTo(IoError.IO);
        assertThat(range(Op.TRIM, 3L * MIB, 8192, 0).error()).isEqualTo(IoError.IO);
        assertThat(Files.size(file())).isEqualTo(length);
        List<Extent> extents = TestLoops.await(TestLoops.call(
                loop, () -> port.extents(new ByteRange(0, 4L * MIB), 100).toCompletableFuture()));
        long at = 0;
        for (Extent extent : extents) {
            at += extent.lengthBytes();
            assertThat(extent.kind() == Extent.Kind.DATA || at <= hasBytes)
                    .as("%s is behind %s", extents, hasBytes)
                    .isTrue();
        }
        assertThat(at).isEqualTo(4L * MIB);
        try (RandomAccessFile again = new RandomAccessFile(file().toFile(), "rw")) {
            again.setLength(dataOffsetBytes() + SIZE_BYTES);
        }
        assertThat(readBy(0, hasBytes + 4096L, new byte[4096]).error())
                .as("long again")
                .isEqualTo(IoError.IO);
        assertThat(range(Op.FLUSH, 0, 0, 0).error()).isEqualTo(IoError.IO);
        assertEndsInFailedSync();
    }

    private void assertEndsInFailedSync() {
        closePort(loop, port);
        assertThat(store.hasFailedSync()).isTrue();
        assertThatThrownBy(store::close).isInstanceOf(BlockIoException.class).hasMessageContaining("a sync failed");
    }

    /** Nobody reads what is missing: whoever asks for it to be durable is told. */
    @Test
    void memberRule5_aFlushSaysThatTheFileWasMadeShorter() throws Exception {
        write(0, pattern(MIB, 21));
        truncate(300_001);
        assertThat(range(Op.FLUSH, 0, 0, 0).error()).isEqualTo(IoError.IO);
        assertThatThrownBy(() -> store.resize(2 * SIZE_BYTES)).isInstanceOf(BlockIoException.class);
        assertThat(Files.size(file())).as("not made to look whole").isEqualTo(dataOffsetBytes() + 300_001);
        assertEndsInFailedSync();
    }

    @Test
    void noCallIsMadeInVain() {
        long before = store.submittedOps();
        write(0, pattern(MIB, 22));
        write(0, pattern(1024, 23), 0, 1);
        read(0, 1024, 1);
        read(0, MIB);
        assertThat(store.submittedOps() - before)
                .as("one call for an operation")
                .isEqualTo(4);
        write(0, pattern(2500, 24), 0, 1);
        assertThat(store.submittedOps() - before).as("entries / IOV_MAX").isEqualTo(7);
        write(0, pattern(4096, 25), Kiobuf.FUA, 4096);
        assertThat(store.submittedOps() - before).as("data and sync").isEqualTo(9);
        range(Op.FLUSH, 0, 0, 0);
        assertThat(store.submittedOps() - before).as("nothing to sync").isEqualTo(9);
        range(Op.TRIM, 0, MIB, 0);
        range(Op.FLUSH, 0, 0, 0);
        assertThat(store.submittedOps() - before).isEqualTo(11);
    }

    @Test
    void zeroesWithoutAHoleKeepTheirSpace() throws Exception {
        write(0, pattern(8 * MIB, 26));
        range(Op.FLUSH, 0, 0, 0);
        long before = store.allocatedBytes();
        assertThat(range(Op.WRITE_ZEROES, 0, 8 * MIB, Kiobuf.NO_HOLE).error()).isNull();
        assertThat(store.allocatedBytes()).isGreaterThanOrEqualTo(before);
        assertThat(range(Op.WRITE_ZEROES, 0, 8 * MIB, 0).error()).isNull();
        assertThat(store.allocatedBytes()).isLessThanOrEqualTo(before - 8 * MIB + 65_536);
    }

    /** The first look finds that nothing is missing; what somebody else punches behind our back is then read as what it is. */
    @Test
    void aMemberWrittenFullIsNotAskedForHoles() throws Exception {
        store.resize(2 * MIB);
        write(0, pattern(2 * MIB, 28));
        range(Op.FLUSH, 0, 0, 0);
        assertThat(piecesOf(0, MIB)).containsExactly("data " + MIB);
        try (RandomAccessFile file = new RandomAccessFile(file().toFile(), "rw")) {
            file.setLength(dataOffsetBytes());
            file.setLength(dataOffsetBytes() + 2 * MIB);
        }
        assertThat(piecesOf(0, MIB)).containsExactly("data " + MIB);
        assertThat(read(0, MIB)).containsOnly(0);
        range(Op.TRIM, 0, 4096, 0);
        assertThat(piecesOf(0, MIB)).as("after a TRIM it is").containsExactly("hole " + MIB);
    }

    @Test
    void memberRule1_anOffsetNoFileReachesEndsInAnErrorWithNothingDone() {
        Ended ended = write(Long.MAX_VALUE - 2 * MIB - 4096, pattern(4096, 27), 0, 512);
        assertThat(ended.error()).isIn(IoError.NO_SPACE, IoError.IO);
        assertThat(ended.doneBytes()).isZero();
    }
}
