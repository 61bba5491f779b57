package org.kiobd.volume.kiobuf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.kiobd.volume.testkit.LeakCheck;
import org.kiobd.volume.testkit.ManualLoop;
import org.kiobd.volume.testkit.Seeded;

/** Slices partition a chain (I3), a chain has no gap (I2), and cutting leaves it as it was (I6). */
@ExtendWith(LeakCheck.class)
class ChainCursorTest {
    private static final int[][][] SHAPES = {
        {{1}},
        {{1}, {1}, {1}},
        {{17}},
        {{1, 1, 1, 1, 1}},
        {{0, 5, 0}, {0, 0, 3}, {2, 0}},
        {{3, 4}, {1}, {0, 9}},
        {{2}, {7, 0, 0, 1}, {1, 1}},
        {{100}, {1}, {50, 50}},
    };

    private final ManualLoop loop = new ManualLoop();

    private KiobufChain chain(int[][] shape, long offsetBytes) {
        KiobufChain chain = null;
        long at = offsetBytes;
        byte next = 0;
        for (int[] fragments : shape) {
            int length = java.util.Arrays.stream(fragments).sum();
            Kiobuf original = new Kiobuf(loop, Op.WRITE, at, length);
            for (int bytes : fragments) {
                ByteBuf memory = PooledByteBufAllocator.DEFAULT.directBuffer(bytes + 3);
                for (int i = 0; i < bytes; i++) {
                    memory.setByte(2 + i, next++);
                }
                original.add(Fragment.of(memory, 2, bytes));
            }
            at += length;
            KiobufChain one = KiobufChain.of(original);
            if (chain == null) {
                chain = one;
            } else {
                chain.join(one);
            }
        }
        return java.util.Objects.requireNonNull(chain);
    }

    /** What a chain says about itself, to be compared before and after. */
    private static List<Object> picture(KiobufChain chain) {
        List<Object> picture = new ArrayList<>(
                List.of(chain.offsetBytes(), chain.endBytes(), chain.originals(), chain.fragments(), chain.tail()));
        long at = chain.offsetBytes();
        for (Kiobuf original = chain.head(); original != null; original = original.next()) {
            assertThat(original.offsetBytes()).isEqualTo(at);
            at = original.endBytes();
            picture.add(original);
            for (int i = 0; i < original.fragmentCount(); i++) {
                Fragment fragment = original.fragment(i);
                picture.add(fragment);
                picture.add(fragment.memory()
                        .slice(fragment.offsetBytes(), fragment.lengthBytes())
                        .hashCode());
            }
        }
        assertThat(at).isEqualTo(chain.endBytes());
        return picture;
    }

    private static void check(KiobufChain chain, java.util.function.LongSupplier cuts) {
        List<Object> before = picture(chain);
        ChainCursor cursor = new ChainCursor(chain);
        long done = 0;
        byte expected = 0;
        while (cursor.hasNext()) {
            long max = cuts.getAsLong();
            ChainSlice slice = cursor.next(max);
            assertThat(slice.lengthBytes()).isBetween(1L, max);
            assertThat(slice.original().offsetBytes() + slice.originalOffsetBytes())
                    .isEqualTo(chain.offsetBytes() + done);
            Fragment fragment = java.util.Objects.requireNonNull(slice.fragment());
            assertThat(slice.fragmentOffsetBytes() + slice.lengthBytes()).isLessThanOrEqualTo(fragment.lengthBytes());
            for (int i = 0; i < slice.lengthBytes(); i++) {
                assertThat(fragment.memory().getByte(fragment.offsetBytes() + slice.fragmentOffsetBytes() + i))
                        .isEqualTo(expected++);
            }
            done += slice.lengthBytes();
        }
        assertThat(done).isEqualTo(chain.lengthBytes());
        assertThat(picture(chain)).isEqualTo(before);
        assertThatThrownBy(() -> cursor.next(1)).isInstanceOf(NoSuchElementException.class);
    }

    @Test
    void i3_i6_everyCutOfEveryShapePartitionsTheChain() {
        for (int[][] shape : SHAPES) {
            KiobufChain chain = chain(shape, 1L << 40);
            for (long cut = 1; cut <= chain.lengthBytes() + 1; cut++) {
                long size = cut;
                check(chain, () -> size);
            }
            chain.completeAll(null);
        }
    }

    @Test
    void i3_i6_aFirstCutAtEveryByteThenTheRest() {
        for (int[][] shape : SHAPES) {
            KiobufChain chain = chain(shape, 3);
            for (long cut = 1; cut < chain.lengthBytes(); cut++) {
                long[] left = {cut};
                check(chain, () -> {
                    long next = left[0];
                    left[0] = Long.MAX_VALUE;
                    return next;
                });
            }
            chain.completeAll(null);
        }
    }

    @Seeded
    void i3_i6_randomShapesAndCuts(Random random) {
        for (int round = 0; round < 30; round++) {
            int[][] shape = new int[1 + random.nextInt(6)][];
            for (int i = 0; i < shape.length; i++) {
                shape[i] = new int[1 + random.nextInt(6)];
                for (int j = 0; j < shape[i].length; j++) {
                    shape[i][j] = random.nextInt(3) == 0 ? 0 : random.nextInt(40);
                }
                shape[i][random.nextInt(shape[i].length)] += 1;
            }
            KiobufChain chain = chain(shape, random.nextInt(1000));
            check(chain, () -> 1 + random.nextInt(random.nextBoolean() ? 3 : 100));
            chain.completeAll(null);
        }
    }

    @Test
    void aRequestWithoutMemoryIsCutByItsLength() {
        KiobufChain chain = KiobufChain.of(new Kiobuf(loop, Op.TRIM, 10, 1L << 42));
        ChainCursor cursor = new ChainCursor(chain);
        assertThat(cursor.next(5).lengthBytes()).isEqualTo(5);
        ChainSlice rest = cursor.next(Long.MAX_VALUE);
        assertThat(rest.lengthBytes()).isEqualTo((1L << 42) - 5);
        assertThat(rest.originalOffsetBytes()).isEqualTo(5);
        assertThat(rest.fragment()).isNull();
        assertThat(cursor.hasNext()).isFalse();
        chain.completeAll(null);
    }

    @Test
    void emptyRequestsHaveNoSlice() {
        assertThat(new ChainCursor(KiobufChain.of(new Kiobuf(loop, Op.READ, 7, 0))).hasNext())
                .isFalse();
        assertThat(new ChainCursor(KiobufChain.of(new Kiobuf(loop, Op.FLUSH, 0, 0))).hasNext())
                .isFalse();
        assertThat(new ChainCursor().hasNext()).isFalse();
    }

    @Test
    void aCursorThatWasLeftHalfWayStartsOverCleanly() {
        KiobufChain chain = chain(new int[][] {{3, 4}, {5}}, 0);
        ChainCursor cursor = new ChainCursor(chain);
        cursor.next(2);
        cursor.next(2);
        cursor.clear();
        assertThat(cursor.hasNext()).isFalse();
        cursor.reset(chain);
        assertThat(cursor.next(100).originalOffsetBytes()).isZero();
        assertThatThrownBy(() -> cursor.next(0)).isInstanceOf(IllegalArgumentException.class);
        chain.completeAll(null);
    }
}
