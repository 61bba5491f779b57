package org.kiobd.volume.store.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.volume.IoError;
import org.kiobd.volume.format.Superblock;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.store.MemberStore;
import org.kiobd.volume.store.MemberStoreContract;
import org.kiobd.volume.store.MemberUri;

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

    @Override
    protected MemberStore create(long sizeBytes) throws Exception {
        return new FileMemberStoreProvider().create(MemberUri.file(file()), sizeBytes);
    }

    @Override
    protected MemberStore open(MemberUri uri, boolean readOnly) throws Exception {
        return new FileMemberStoreProvider().open(uri, readOnly);
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

    @Test
    void behindTheEndOfTheFileAreZeros() throws Exception {
        byte[] data = pattern(MIB, 21);
        write(0, data);
        try (FileChannel channel = FileChannel.open(file(), StandardOpenOption.WRITE)) {
            channel.truncate(dataOffsetBytes() + 300_001);
        }
        java.util.Arrays.fill(data, 300_001, MIB, (byte) 0);
        for (int pieceBytes : new int[] {MIB, 65_536, 4097}) {
            assertThat(read(0, MIB, pieceBytes)).isEqualTo(data);
        }
        assertThat(read(MIB, 5000)).containsOnly(0);
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
    void anOffsetNoFileReachesEndsInAnErrorWithNothingDone() {
        Ended ended = write(Long.MAX_VALUE - 2 * MIB - 4096, pattern(4096, 27), 0, 512);
        assertThat(ended.error()).isIn(IoError.NO_SPACE, IoError.IO);
        assertThat(ended.doneBytes()).isZero();
    }
}
