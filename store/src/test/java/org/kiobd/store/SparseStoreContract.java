package org.kiobd.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.PooledByteBufAllocator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.testkit.TestLoops;

/** What a store says of its holes: the rules of {@link MemberPort#extents}, and of READs that accept holes. */
public abstract class SparseStoreContract extends StoreSubject {
    private List<Extent> extents(long offsetBytes, long lengthBytes, int maxExtents) {
        CompletableFuture<List<Extent>> answer = new CompletableFuture<>();
        loop.execute(() -> port.extents(new ByteRange(offsetBytes, lengthBytes), maxExtents)
                .whenComplete((extents, failure) -> {
                    assertThat(loop.inLoop()).as("answered on the loop").isTrue();
                    if (failure == null) {
                        answer.complete(extents);
                    } else {
                        answer.completeExceptionally(failure);
                    }
                }));
        return TestLoops.await(answer);
    }

    @Test
    void extentsTellDataFromHoles() {
        assertThat(extents(0, SIZE_BYTES, 10)).containsExactly(new Extent(SIZE_BYTES, Extent.Kind.HOLE));
        write(MIB, pattern(MIB, 31));
        write(4L * MIB, pattern(MIB, 32));
        List<Extent> all = List.of(
                new Extent(MIB, Extent.Kind.HOLE),
                new Extent(MIB, Extent.Kind.DATA),
                new Extent(2L * MIB, Extent.Kind.HOLE),
                new Extent(MIB, Extent.Kind.DATA),
                new Extent(SIZE_BYTES - 5L * MIB, Extent.Kind.HOLE));
        assertThat(extents(0, SIZE_BYTES, 5)).isEqualTo(all);
        assertThat(extents(0, SIZE_BYTES, 3)).isEqualTo(all.subList(0, 3));
        assertThat(extents(MIB + 1, 10, 8)).containsExactly(new Extent(10, Extent.Kind.DATA));
        assertThat(extents(MIB - 1, 2, 1)).containsExactly(new Extent(1, Extent.Kind.HOLE));
        assertThat(extents(SIZE_BYTES - 1, 1, 1)).containsExactly(new Extent(1, Extent.Kind.HOLE));
        run(new Kiobuf(loop, Op.TRIM, MIB, MIB));
        assertThat(extents(0, 5L * MIB, 5))
                .containsExactly(new Extent(4L * MIB, Extent.Kind.HOLE), new Extent(MIB, Extent.Kind.DATA));
    }

    @Test
    void aReadThatAcceptsHolesIsToldOfThemAndOfNothingElse() {
        byte[] data = new byte[MIB];
        Arrays.fill(data, (byte) 7);
        write(MIB, data, 0, MIB);
        write(3L * MIB, data, 0, MIB);
        assertThat(piecesOf(0, 4 * MIB)).containsExactly(hole(MIB), "data " + MIB, hole(MIB), "data " + MIB);
        assertThat(piecesOf(MIB + 5, 4096)).containsExactly("data 4096");
        assertThat(piecesOf(2L * MIB, MIB)).containsExactly(hole(MIB));
        run(new Kiobuf(loop, Op.TRIM, MIB, 64 << 10));
        assertThat(piecesOf(MIB, 128 << 10)).containsExactly(hole(64 << 10), "data " + (64 << 10));
        write(MIB, data, 0, MIB);
        assertThat(piecesOf(MIB, 128 << 10)).containsExactly("data " + (128 << 10));
    }

    /** Lengths that fit no unsigned int, and every boundary at which a truncated one would stop. */
    @Test
    void rangesOfMoreThanFourGibibytesReachAsFarAsTheySay() throws Exception {
        long gib = 1L << 30;
        store.resize(16 * gib);
        byte[] mark = pattern(8192, 30);
        long[] marks = {0, 2 * gib - 4096, 4 * gib - 4096, 8 * gib, 12 * gib - 4096, 16 * gib - 8192};
        for (Op op : new Op[] {Op.TRIM, Op.WRITE_ZEROES}) {
            for (long at : marks) {
                write(at, mark);
            }
            assertThat(range(op, 4096, 12 * gib - 4096, 0).error()).isNull();
            for (long at : marks) {
                byte[] expected = mark.clone();
                int from = (int) Math.max(0, 4096 - at);
                int to = (int) Math.max(from, Math.min(8192, 12 * gib - at));
                Arrays.fill(expected, from, to, (byte) 0);
                assertThat(read(at, 8192)).as("%s at=%d", op, at).isEqualTo(expected);
            }
        }
        List<Extent> told = extents(0, 16 * gib, 100);
        assertThat(told.stream().mapToLong(Extent::lengthBytes).sum()).isEqualTo(16 * gib);
        assertThat(extents(64 << 10, 11 * gib, 1)).containsExactly(new Extent(11 * gib, Extent.Kind.HOLE));
        assertThat(range(Op.WRITE_ZEROES, 0, 16 * gib, Kiobuf.FAST_ZERO).error())
                .isIn(null, IoError.NOT_SUPPORTED);
    }

    private static String hole(long lengthBytes) {
        return "hole " + lengthBytes;
    }

    /** A READ that accepts holes: its pieces, neighbours of a kind joined. */
    protected List<String> piecesOf(long offsetBytes, int lengthBytes) {
        Kiobuf request = new Kiobuf(loop, Op.READ, offsetBytes, lengthBytes).accept(ReadPiece.ACCEPT_HOLE);
        request.add(Fragment.of(PooledByteBufAllocator.DEFAULT.directBuffer(lengthBytes, lengthBytes), 0, lengthBytes));
        Ended ended = run(request);
        assertThat(ended.error()).isNull();
        List<String> pieces = new ArrayList<>();
        String kind = "";
        long joinedBytes = 0;
        for (ReadPiece piece : ended.pieces()) {
            String next = piece instanceof ReadPiece.Hole ? "hole" : "data";
            if (!next.equals(kind) && joinedBytes > 0) {
                pieces.add(kind + " " + joinedBytes);
                joinedBytes = 0;
            }
            kind = next;
            joinedBytes += piece.lengthBytes();
        }
        pieces.add(kind + " " + joinedBytes);
        return pieces;
    }
}
