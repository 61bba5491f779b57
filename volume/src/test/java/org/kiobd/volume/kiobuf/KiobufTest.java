package org.kiobd.volume.kiobuf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.kiobd.volume.IoError;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.testkit.LeakCheck;
import org.kiobd.volume.testkit.ManualLoop;
import org.kiobd.volume.testkit.Seeded;

@ExtendWith(LeakCheck.class)
class KiobufTest {
    private final ManualLoop loop = new ManualLoop();
    private int ended;

    private Kiobuf request(Op op, long offsetBytes, long lengthBytes) {
        Kiobuf kiobuf = new Kiobuf(loop, op, offsetBytes, lengthBytes);
        kiobuf.addNotifier((completion, error) -> ended++);
        return kiobuf;
    }

    private static ByteBuf memory(int bytes) {
        return PooledByteBufAllocator.DEFAULT.directBuffer(bytes, bytes);
    }

    @Test
    void fragmentRefusesWhatItsMemoryDoesNotHold() {
        ByteBuf memory = Unpooled.buffer(10, 10);
        assertThat(Fragment.of(memory, 10, 0).lengthBytes()).isZero();
        assertThat(Fragment.of(memory, 3, 7).slice(2, 5).offsetBytes()).isEqualTo(5);
        assertThatThrownBy(() -> Fragment.of(memory, 4, 7)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Fragment.of(memory, -1, 2)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Fragment.of(memory, Integer.MAX_VALUE, 1))
                .isInstanceOf(IllegalArgumentException.class);
        Fragment fragment = Fragment.of(memory, 2, 6);
        assertThatThrownBy(() -> fragment.slice(1, 6)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> fragment.slice(-1, 2)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> fragment.slice(Integer.MAX_VALUE, 1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void rangesThatDoNotExistAreRefused() {
        assertThatThrownBy(() -> new Kiobuf(loop, Op.READ, -1, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Kiobuf(loop, Op.READ, 1, -1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Kiobuf(loop, Op.TRIM, Long.MAX_VALUE, 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(new Kiobuf(loop, Op.TRIM, Long.MAX_VALUE, 0).endBytes()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void slicesThatEndEarlyDoNotEndARequestThatIsStillBeingSplit() {
        Kiobuf request = request(Op.TRIM, 0, 100);
        for (int i = 0; i < 5; i++) {
            request.beginSlice();
            request.endSlice();
        }
        assertThat(ended).isZero();
        request.submitted();
        assertThat(ended).isEqualTo(1);
        assertThat(request.error()).isNull();
    }

    @Test
    void aSliceTooManyIsABugThatIsToldAndNotASecondCompletion() {
        Kiobuf request = request(Op.TRIM, 0, 100);
        request.beginSlice();
        request.submitted();
        request.endSlice();
        assertThatThrownBy(request::endSlice).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(request::submitted).isInstanceOf(IllegalStateException.class);
        assertThat(ended).isEqualTo(1);
    }

    @Seeded
    void theFailureAtTheLowestByteWinsInWhateverOrderTheyCome(Random random) {
        for (int round = 0; round < 300; round++) {
            int slices = 1 + random.nextInt(8);
            List<Long> positions = new ArrayList<>();
            for (int i = 0; i < slices; i++) {
                positions.add((long) random.nextInt(1000) << random.nextInt(40));
            }
            Kiobuf request = request(Op.TRIM, 0, 1L << 52);
            positions.forEach(p -> request.beginSlice());
            long lowest = Collections.min(positions);
            IoError expected = null;
            for (long position : positions) {
                IoError error = IoError.ofCode(1 + random.nextInt(8));
                request.endSlice(position, error);
                if (position == lowest && (expected == null || error.code() < expected.code())) {
                    expected = error;
                }
            }
            request.submitted();
            assertThat(request.error()).isEqualTo(expected);
            assertThat(request.failedAtBytes()).isEqualTo(lowest);
        }
    }

    @Test
    void aFailureFarOutKeepsItsErrorAndItsPlace() {
        Kiobuf request = request(Op.TRIM, 0, Long.MAX_VALUE);
        request.beginSlice();
        request.endSlice(Long.MAX_VALUE - 1, IoError.NO_SPACE);
        request.submitted();
        assertThat(request.error()).isEqualTo(IoError.NO_SPACE);
        assertThat(request.failedAtBytes()).isEqualTo(Long.MAX_VALUE - 1);
    }

    @Test
    void i5_memoryIsGivenBackOnceWhenTheLastReferenceGoes() {
        ByteBuf first = memory(10);
        ByteBuf second = memory(10);
        Kiobuf request = request(Op.WRITE, 0, 15).add(Fragment.of(first, 0, 10)).add(Fragment.of(second, 0, 5));
        request.retain().retain();
        request.submitted();
        assertThat(ended).isEqualTo(1);
        request.release();
        assertThat(first.refCnt()).isEqualTo(1);
        request.release();
        assertThat(first.refCnt()).isZero();
        assertThat(second.refCnt()).isZero();
        assertThatThrownBy(request::release).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(request::retain).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void memoryIsGivenBackThoughANotifierThrows() {
        ByteBuf memory = memory(10);
        Kiobuf request = request(Op.WRITE, 0, 10).add(Fragment.of(memory, 0, 10));
        request.addNotifier((completion, error) -> {
            throw new IllegalStateException("injected");
        });
        request.submitted();
        assertThat(memory.refCnt()).isZero();
    }

    @Test
    void chainsTakeOnlyRequestsWhoseMemoryAgreesWithTheirLength() {
        ByteBuf memory = memory(10);
        Kiobuf request = request(Op.WRITE, 0, 10).add(Fragment.of(memory, 0, 9));
        assertThatThrownBy(() -> KiobufChain.of(request)).isInstanceOf(IllegalArgumentException.class);
        request.release();
        assertThatThrownBy(() -> KiobufChain.of(request(Op.READ, 0, 1))).isInstanceOf(IllegalArgumentException.class);
        assertThat(KiobufChain.of(request(Op.READ, 5, 0)).lengthBytes()).isZero();
    }

    @Seeded
    void piecesCoverTheRangeInOrderMemoryBetweenWhatWasPlaced(Random random) {
        for (int round = 0; round < 100; round++) {
            int length = 1 + random.nextInt(60);
            byte[] content = new byte[length];
            random.nextBytes(content);
            Kiobuf request = request(Op.READ, 1000, length).accept(ReadPiece.ACCEPT_HOLE);
            for (int at = 0; at < length; ) {
                int count = Math.min(length - at, random.nextInt(9));
                request.add(Fragment.of(memory(count + 2).setBytes(1, content, at, count), 1, count));
                at += count;
            }
            List<int[]> holes = new ArrayList<>();
            for (int at = random.nextInt(10); at < length; at += random.nextInt(12)) {
                int count = Math.min(length - at, 1 + random.nextInt(7));
                holes.add(new int[] {at, count});
                at += count;
            }
            Collections.shuffle(holes, random);
            for (int[] hole : holes) {
                request.place(hole[0], new ReadPiece.Hole(hole[1]));
                java.util.Arrays.fill(content, hole[0], hole[0] + hole[1], (byte) 0);
                if (random.nextInt(4) == 0) {
                    // What a part that was sent again answers a second time.
                    request.place(hole[0], new ReadPiece.Hole(hole[1]));
                }
            }
            assertThat(request.isAllMemory()).isEqualTo(holes.isEmpty());
            assertThat(bytes(request.pieces(), length)).isEqualTo(content);
            request.submitted();
        }
    }

    private static byte[] bytes(List<ReadPiece> pieces, int length) {
        byte[] bytes = new byte[length];
        int at = 0;
        for (ReadPiece piece : pieces) {
            assertThat(piece.lengthBytes()).isPositive();
            if (piece instanceof ReadPiece.Memory memory) {
                Fragment fragment = memory.fragment();
                fragment.memory().getBytes(fragment.offsetBytes(), bytes, at, fragment.lengthBytes());
            }
            at += (int) piece.lengthBytes();
        }
        assertThat(at).isEqualTo(length);
        return bytes;
    }

    @Test
    void fileExtentsKnowTheirPlaceWhenSliced() {
        ReadPiece extent = new ReadPiece.FileExtent(7, 1000, 50);
        assertThat(extent.slice(10, 20)).isEqualTo(new ReadPiece.FileExtent(7, 1010, 20));
    }
}
