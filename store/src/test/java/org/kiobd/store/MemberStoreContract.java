package org.kiobd.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.volume.IoError;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.testkit.TestLoops;

/** The rules of {@link MemberPort} and {@link MemberStore}, to be held by every store on every engine. */
public abstract class MemberStoreContract extends SparseStoreContract {
    @Test
    void emptyMemberReadsAsZeros() {
        assertThat(read(0, 4096)).containsOnly(0);
        assertThat(read(SIZE_BYTES - 1, 1)).containsOnly(0);
    }

    @Test
    void memberRule3_writtenBytesAreReadBackWhateverThePieces() {
        byte[] data = pattern(300_001, 1);
        for (int pieceBytes : new int[] {1000, 4096, 65_537, 300_001}) {
            write(12_345, new byte[data.length]);
            assertThat(write(12_345, data, 0, pieceBytes).error()).isNull();
            assertThat(read(12_345, data.length, 7777)).isEqualTo(data);
        }
    }

    @Test
    void memberRule4_gatherListsLongerThanTheSystemTakesAreDoneInSeveralCalls() {
        byte[] data = pattern(5000, 2);
        Ended ended = write(4095, data, 0, 2);
        assertThat(ended.error()).isNull();
        assertThat(ended.doneBytes()).isEqualTo(data.length);
        assertThat(read(4095, data.length, 2)).isEqualTo(data);
    }

    /** However long it took to come: what came slowly may be written by another thread. */
    @ParameterizedTest
    @ValueSource(ints = {0, 5})
    void whatStandsInPipesIsWrittenAsWhatStandsInMemory(int waits) {
        byte[] data = pattern(3 * MIB, 3);
        write(0, pattern(4 * MIB, 12));
        assertThat(writePiped(8192, data, MIB, waits).error()).isNull();
        assertThat(read(8192, data.length)).isEqualTo(data);
        byte[] odd = pattern(700_000, 13);
        assertThat(writePiped(1001, odd, 300_001, waits).error()).isNull();
        assertThat(read(1001, odd.length)).isEqualTo(odd);
        assertThat(read(0, 1001)).isEqualTo(Arrays.copyOf(pattern(4 * MIB, 12), 1001));
    }

    @Test
    void memberRule5_fuaAndFlushSucceed() {
        byte[] data = pattern(4096, 3);
        assertThat(write(0, data, Kiobuf.FUA, data.length).error()).isNull();
        assertThat(range(Op.FLUSH, 0, 0, 0).error()).isNull();
        assertThat(range(Op.TRIM, 0, 4096, Kiobuf.FUA).error()).isNull();
        assertThat(range(Op.CACHE, 0, MIB, 0).error()).isNull();
    }

    @Test
    void memberRule2_manyFlushesAtOnceFromTwoLoopsAllEnd() {
        IoLoop otherLoop = loops.all().get(1);
        MemberPort otherPort = TestLoops.call(otherLoop, () -> store.port(otherLoop));
        List<CompletableFuture<Ended>> all = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            IoLoop on = i % 2 == 0 ? loop : otherLoop;
            MemberPort through = i % 2 == 0 ? port : otherPort;
            all.add(CompletableFuture.supplyAsync(() -> run(on, through, new Kiobuf(on, Op.FLUSH, 0, 0))));
        }
        for (CompletableFuture<Ended> one : all) {
            assertThat(TestLoops.await(one).error()).isNull();
        }
        closePort(otherLoop, otherPort);
    }

    @Test
    void trimAndZeroesTouchNothingBesideTheirRange() {
        for (int flags : new int[] {0, Kiobuf.NO_HOLE}) {
            for (Op op : new Op[] {Op.TRIM, Op.WRITE_ZEROES}) {
                byte[] data = pattern(MIB, 4);
                write(0, data);
                int from = 4097;
                int length = 500_003;
                assertThat(range(op, from, length, op == Op.TRIM ? 0 : flags).error())
                        .isNull();
                byte[] now = read(0, MIB);
                for (int i = 0; i < MIB; i++) {
                    if (i < from || i >= from + length) {
                        assertThat(now[i]).isEqualTo(data[i]);
                    } else if (op == Op.WRITE_ZEROES) {
                        assertThat(now[i]).isZero();
                    }
                }
            }
        }
    }

    @Test
    void rangeOperationsOnTheWholeMemberKeepItsSize() {
        write(0, pattern(MIB, 5));
        assertThat(range(Op.TRIM, 0, SIZE_BYTES, 0).error()).isNull();
        assertThat(range(Op.WRITE_ZEROES, 0, SIZE_BYTES, 0).error()).isNull();
        assertThat(store.sizeBytes()).isEqualTo(SIZE_BYTES);
        assertThat(read(0, 4096)).containsOnly(0);
    }

    @Test
    void trimGivesSpaceBack() throws Exception {
        write(0, pattern(8 * MIB, 6));
        range(Op.FLUSH, 0, 0, 0);
        long before = store.allocatedBytes();
        assertThat(before).isGreaterThanOrEqualTo(8 * MIB);
        range(Op.TRIM, 0, 8 * MIB, 0);
        reclaim();
        assertThat(store.allocatedBytes()).isLessThanOrEqualTo(before - 8 * MIB + 65_536);
    }

    @Test
    void otherPiecesThanMemoryComeOnlyWhereTheyAreAccepted() {
        write(0, pattern(MIB, 7));
        ByteBuf memory = PooledByteBufAllocator.DEFAULT.directBuffer(2 * MIB);
        Kiobuf request = new Kiobuf(loop, Op.READ, 0, 2 * MIB)
                .accept(ReadPiece.ACCEPT_HOLE | ReadPiece.ACCEPT_FILE_EXTENT)
                .add(Fragment.of(memory, 0, 2 * MIB));
        Ended ended = run(request);
        assertThat(ended.error()).isNull();
        assertThat(ended.pieces().stream().mapToLong(ReadPiece::lengthBytes).sum())
                .isEqualTo(2 * MIB);
    }

    @Test
    void superblockCopiesAreKeptApart() throws Exception {
        if (store.readSuperblock(0) == null) {
            assertThat(store.readSuperblock(1)).isNull();
            return;
        }
        byte[] first = pattern(MemberStore.SUPERBLOCK_BYTES, 8);
        byte[] second = pattern(MemberStore.SUPERBLOCK_BYTES, 9);
        write(0, pattern(MIB, 10));
        store.writeSuperblock(0, first);
        store.writeSuperblock(1, second);
        assertThat(store.readSuperblock(0)).isEqualTo(first);
        assertThat(store.readSuperblock(1)).isEqualTo(second);
        assertThat(read(0, MIB)).isEqualTo(pattern(MIB, 10));
    }

    @Test
    void growsAndKeepsItsBytes() throws Exception {
        write(SIZE_BYTES - MIB, pattern(MIB, 11));
        long far = 5L << 40;
        store.resize(far);
        assertThat(store.sizeBytes()).isEqualTo(far);
        assertThat(read(SIZE_BYTES - MIB, MIB)).isEqualTo(pattern(MIB, 11));
        write(far - MIB, pattern(MIB, 12));
        assertThat(read(far - MIB, MIB)).isEqualTo(pattern(MIB, 12));
    }

    @Test
    void memberRule2_manyOperationsAtOnceEachEndOnceWithTheirOwnBytes() {
        long seed = Long.getLong("kiobd.seed", System.nanoTime());
        Random random = new Random(seed);
        int blocks = 256;
        int blockBytes = 4096;
        List<byte[]> expected = new ArrayList<>();
        List<CompletableFuture<Ended>> writes = new ArrayList<>();
        for (int i = 0; i < blocks; i++) {
            byte[] data = new byte[blockBytes];
            random.nextBytes(data);
            expected.add(data);
            long offsetBytes = (long) i * blockBytes;
            writes.add(CompletableFuture.supplyAsync(() -> write(offsetBytes, data, 0, 1365)));
        }
        writes.forEach(one -> assertThat(TestLoops.await(one).error()).isNull());
        for (int i = 0; i < blocks; i++) {
            assertThat(read((long) i * blockBytes, blockBytes))
                    .as("seed=%d block=%d", seed, i)
                    .isEqualTo(expected.get(i));
        }
    }

    @Test
    void randomOperationsAgreeWithAnArray() {
        long seed = Long.getLong("kiobd.seed", System.nanoTime());
        Random random = new Random(seed);
        int span = 400_000;
        byte[] model = new byte[span];
        for (int round = 0; round < 300; round++) {
            int offset = random.nextInt(span);
            int length = 1 + random.nextInt(Math.min(span - offset, 70_000));
            switch (random.nextInt(4)) {
                case 0 -> {
                    byte[] data = new byte[length];
                    random.nextBytes(data);
                    assertThat(write(offset, data, 0, 1 + random.nextInt(length))
                                    .error())
                            .isNull();
                    System.arraycopy(data, 0, model, offset, length);
                }
                case 1 -> {
                    int flags = random.nextBoolean() ? Kiobuf.NO_HOLE : 0;
                    assertThat(range(Op.WRITE_ZEROES, offset, length, flags).error())
                            .isNull();
                    Arrays.fill(model, offset, offset + length, (byte) 0);
                }
                default ->
                    assertThat(read(offset, length, 1 + random.nextInt(length)))
                            .as("seed=%d round=%d", seed, round)
                            .isEqualTo(Arrays.copyOfRange(model, offset, offset + length));
            }
        }
    }

    @Test
    void memberRule2_moreOperationsThanARingHasPlacesForAllEnd() {
        int ops = 5000;
        byte[] data = pattern(ops, 13);
        List<Kiobuf> requests = new ArrayList<>();
        for (int i = 0; i < ops; i++) {
            requests.add(writeOf(loop, i, new byte[] {data[i]}));
        }
        assertThat(runTogether(requests)).hasSize(ops).containsOnly(new Ended(1, null, List.of()));
        assertThat(read(0, ops)).isEqualTo(data);
    }

    @Test
    void memberRule2_operationsThatLeaveTogetherEndEachOnItsOwn() {
        long seed = Long.getLong("kiobd.seed", System.nanoTime());
        Random random = new Random(seed);
        int piece = 16 << 10;
        int pieces = 48;
        byte[] model = pattern(pieces * piece, 30);
        write(0, model);
        for (int round = 0; round < 20; round++) {
            List<Kiobuf> requests = new ArrayList<>();
            for (int i = 0; i < pieces; i++) {
                boolean whole = random.nextBoolean();
                int offset = i * piece + (whole ? 0 : random.nextInt(piece / 2));
                byte[] data = new byte[whole ? piece : 1 + random.nextInt(piece / 2)];
                boolean zeroes = random.nextInt(4) == 0;
                if (!zeroes) {
                    random.nextBytes(data);
                }
                Kiobuf request =
                        zeroes ? new Kiobuf(loop, Op.WRITE_ZEROES, offset, data.length) : writeOf(loop, offset, data);
                requests.add(request.flags(random.nextInt(3) == 0 ? Kiobuf.FUA : 0));
                System.arraycopy(data, 0, model, offset, data.length);
            }
            assertThat(runTogether(requests)).allMatch(ended -> ended.error() == null);
            assertThat(read(0, model.length))
                    .as("seed=%d round=%d", seed, round)
                    .isEqualTo(model);
        }
    }

    @Test
    void aPortMayBeUsedOrClosedAtOnce() throws Exception {
        IoLoop otherLoop = loops.all().get(1);
        for (int i = 0; i < 20; i++) {
            MemberPort madeElsewhere = store.port(otherLoop);
            assertThat(run(otherLoop, madeElsewhere, new Kiobuf(otherLoop, Op.FLUSH, 0, 0))
                            .error())
                    .isNull();
            closePort(otherLoop, madeElsewhere);
            MemberPort unused = store.port(otherLoop);
            closePort(otherLoop, unused);
        }
    }

    @Test
    void fastZeroesAreFastOrRefused() {
        write(0, pattern(MIB, 14));
        for (int flags : new int[] {Kiobuf.FAST_ZERO, Kiobuf.FAST_ZERO | Kiobuf.NO_HOLE}) {
            IoError error = range(Op.WRITE_ZEROES, 1, MIB - 2, flags).error();
            assertThat(error).isIn(null, IoError.NOT_SUPPORTED);
            if (error == null) {
                assertThat(read(1, MIB - 2)).containsOnly(0);
            }
        }
    }

    @Test
    void whatWasClosedIsThereWhenOpenedAgain() throws Exception {
        byte[] data = pattern(MIB, 15);
        write(4097, data);
        reopen(false);
        assertThat(store.sizeBytes()).isEqualTo(SIZE_BYTES);
        assertThat(read(4097, MIB)).isEqualTo(data);
    }

    @Test
    void openedForReadingItRefusesEveryChange() throws Exception {
        byte[] data = pattern(MIB, 16);
        write(0, data);
        reopen(true);
        assertThat(store.isReadOnly()).isTrue();
        assertThat(write(0, new byte[10], 0, 10).error()).isEqualTo(IoError.NOT_PERMITTED);
        assertThat(range(Op.TRIM, 0, MIB, 0).error()).isEqualTo(IoError.NOT_PERMITTED);
        assertThat(range(Op.WRITE_ZEROES, 0, MIB, 0).error()).isEqualTo(IoError.NOT_PERMITTED);
        assertThat(range(Op.FLUSH, 0, 0, 0).error()).isNull();
        assertThat(read(0, MIB)).isEqualTo(data);
    }

    @Test
    void oneWriterOrManyReaders() throws Exception {
        assertThatThrownBy(() -> open(store.uri(), false)).hasMessageContaining("in use");
        assertThatThrownBy(() -> open(store.uri(), true)).hasMessageContaining("in use");
        reopen(true);
        open(store.uri(), true).close();
        assertThatThrownBy(() -> open(store.uri(), false)).hasMessageContaining("in use");
        reopen(false);
    }
}
