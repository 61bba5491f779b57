package org.kiobd.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.kiobd.volume.IoError;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.kiobuf.ChainCursor;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.testkit.LeakCheck;
import org.kiobd.volume.testkit.ManualLoop;
import org.kiobd.volume.testkit.Seeded;
import org.kiobd.volume.testkit.TestRequest;

@ExtendWith(LeakCheck.class)
class MemberOpTest {
    private final ManualLoop loop = new ManualLoop();
    private final List<MemberOp> ended = new ArrayList<>();

    private static MemberOp of(KiobufChain chain, MemberOp.Listener listener) {
        MemberOp op = new MemberOp(chain.op(), chain.flags(), 3, 5000, listener);
        ChainCursor cursor = new ChainCursor(chain);
        while (cursor.hasNext()) {
            op.add(cursor.next(Long.MAX_VALUE));
        }
        return op;
    }

    private static byte[] bytes(MemberOp op) {
        byte[] bytes = new byte[(int) op.lengthBytes()];
        int at = 0;
        for (int i = 0; i < op.entries(); i++) {
            op.memory(i).getBytes(op.memoryOffsetBytes(i), bytes, at, (int) op.entryLengthBytes(i));
            at += (int) op.entryLengthBytes(i);
        }
        assertThat(at).isEqualTo(bytes.length);
        return bytes;
    }

    @Seeded
    void everyPartHasItsOwnBytesOriginalsAndPlace(Random random) {
        for (int round = 0; round < 20; round++) {
            byte[] all = new byte[1 + random.nextInt(200)];
            random.nextBytes(all);
            List<TestRequest> requests = new ArrayList<>();
            KiobufChain chain = null;
            for (int at = 0; at < all.length; ) {
                int count = 1 + random.nextInt(Math.min(50, all.length - at));
                requests.add(
                        TestRequest.write(loop, 700 + at, java.util.Arrays.copyOfRange(all, at, at + count), random));
                KiobufChain one = requests.get(requests.size() - 1).chain();
                if (chain == null) {
                    chain = one;
                } else {
                    chain.join(one);
                }
                at += count;
            }
            MemberOp op = of(java.util.Objects.requireNonNull(chain), ended::add);
            assertThat(bytes(op)).isEqualTo(all);
            for (int skip = 0; skip <= all.length; skip++) {
                int count = random.nextInt(all.length - skip + 1);
                MemberOp slice = op.slice(skip, count, ended::add);
                assertThat(bytes(slice)).isEqualTo(java.util.Arrays.copyOfRange(all, skip, skip + count));
                assertThat(slice.offsetBytes()).isEqualTo(5000 + skip);
                assertThat(slice.member()).isEqualTo(3);
                if (slice.entries() > 0) {
                    Kiobuf original = slice.original(0);
                    assertThat(original.offsetBytes() + slice.originalOffsetBytes(0))
                            .isEqualTo(700 + skip);
                }
            }
            int first = random.nextInt(op.entries());
            int end = first + 1 + random.nextInt(op.entries() - first);
            long skip = random.nextInt((int) op.entryLengthBytes(first));
            MemberOp part = op.part(first, end, skip);
            long startBytes = part.offsetBytes() - 5000;
            assertThat(bytes(part)).isEqualTo(java.util.Arrays.copyOfRange(all, (int) startBytes, (int)
                    (startBytes + part.lengthBytes())));
            part.complete(part.lengthBytes(), null);
            assertThat(ended).containsExactly(part);
            ended.clear();
            endAll(op);
            for (TestRequest request : requests) {
                assertThat(request.completions()).isZero();
                request.kiobuf().submitted();
                assertThat(request.completions()).isEqualTo(1);
            }
        }
    }

    private static void endAll(MemberOp op) {
        for (int i = 0; i < op.entries(); i++) {
            if (i + 1 == op.entries() || op.original(i + 1) != op.original(i)) {
                op.original(i).endSlice();
            }
        }
    }

    @Test
    void aSliceOfAFlushKeepsItsOriginals() {
        Kiobuf flush = new Kiobuf(loop, Op.FLUSH, 0, 0);
        MemberOp op = new MemberOp(Op.FLUSH, 0, 0, 0, ended::add);
        op.add(flush, 0, 0);
        assertThat(op.slice(0, 0, ended::add).entries()).isEqualTo(1);
        assertThatThrownBy(() -> op.memory(0)).isInstanceOf(IllegalStateException.class);
        op.original(0).endSlice();
        flush.submitted();
    }

    @Test
    void memberRule2_itEndsOnceAndSaysHowFarItCame() {
        Kiobuf trim = new Kiobuf(loop, Op.TRIM, 0, 100);
        MemberOp op = new MemberOp(Op.TRIM, Kiobuf.FUA, 0, 0, ended::add);
        op.add(trim, 0, 100);
        op.complete(5000, IoError.IO);
        assertThat(op.doneBytes()).isEqualTo(100);
        assertThat(op.error()).isEqualTo(IoError.IO);
        assertThat(op.has(Kiobuf.FUA)).isTrue();
        assertThatThrownBy(() -> op.complete(0, null)).isInstanceOf(IllegalStateException.class);
        assertThat(ended).containsExactly(op);
        MemberOp well = new MemberOp(Op.TRIM, 0, 0, 0, ended::add);
        well.add(trim, 0, 100);
        well.complete(0, null);
        assertThat(well.doneBytes()).isEqualTo(100);
    }

    @Test
    void slicesOutsideAreRefused() {
        MemberOp op = new MemberOp(Op.TRIM, 0, 0, 0, ended::add);
        op.add(new Kiobuf(loop, Op.TRIM, 0, 100), 0, 100);
        assertThatThrownBy(() -> op.slice(1, 100, ended::add)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> op.slice(-1, 1, ended::add)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void otherPiecesNeedEveryOriginalsConsentAndLandWhereTheyBelong() {
        Random random = new Random(1);
        TestRequest first = TestRequest.read(loop, 0, 10, random).acceptHoles();
        TestRequest second = TestRequest.read(loop, 10, 20, random).acceptHoles();
        TestRequest plain = TestRequest.read(loop, 30, 5, random);
        KiobufChain chain = first.chain();
        chain.join(second.chain());
        MemberOp op = of(chain, ended::add);
        assertThat(op.accepts(ReadPiece.ACCEPT_HOLE)).isTrue();
        assertThat(op.accepts(ReadPiece.ACCEPT_FILE_EXTENT)).isFalse();
        assertThat(of(plain.chain(), ended::add).accepts(ReadPiece.ACCEPT_HOLE)).isFalse();
        plain.kiobuf().submitted();
        plain.kiobuf().endSlice();
        op.place(5, new ReadPiece.Hole(15));
        assertThat(holeBytes(first)).isEqualTo(5);
        assertThat(holeBytes(second)).isEqualTo(10);
        assertThat(first.kiobuf().pieces().get(0)).isInstanceOf(ReadPiece.Memory.class);
        assertThat(second.kiobuf().pieces().get(0)).isInstanceOf(ReadPiece.Hole.class);
        endAll(op);
        first.kiobuf().submitted();
        second.kiobuf().submitted();
        assertThat(first.isDone() && second.isDone()).isTrue();
    }

    private static long holeBytes(TestRequest request) {
        return request.kiobuf().pieces().stream()
                .filter(ReadPiece.Hole.class::isInstance)
                .mapToLong(ReadPiece::lengthBytes)
                .sum();
    }
}
