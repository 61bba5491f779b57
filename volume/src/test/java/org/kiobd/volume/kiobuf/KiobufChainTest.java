package org.kiobd.volume.kiobuf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kiobd.volume.IoError;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.testkit.ManualLoop;

class KiobufChainTest {
    private final ManualLoop loop = new ManualLoop();

    private Kiobuf trim(long offsetBytes, long lengthBytes) {
        return new Kiobuf(loop, Op.TRIM, offsetBytes, lengthBytes);
    }

    private static boolean precedes(Kiobuf before, Kiobuf after) {
        return KiobufChain.of(before).precedes(KiobufChain.of(after));
    }

    @Test
    void i2_onlyExactNeighboursMerge() {
        assertThat(precedes(trim(0, 10), trim(10, 5))).isTrue();
        assertThat(precedes(trim(0, 10), trim(11, 5))).isFalse();
        assertThat(precedes(trim(0, 10), trim(9, 5))).isFalse();
        assertThat(precedes(trim(10, 5), trim(0, 10))).isFalse();
        assertThat(precedes(trim(0, 10), trim(10, 0))).isFalse();
        assertThat(precedes(trim(10, 0), trim(10, 5))).isFalse();
    }

    @Test
    void i2_onlyTheSameKindMerges() {
        assertThat(precedes(trim(0, 10), new Kiobuf(loop, Op.WRITE_ZEROES, 10, 5)))
                .isFalse();
        assertThat(precedes(new Kiobuf(loop, Op.WRITE_ZEROES, 0, 10), new Kiobuf(loop, Op.WRITE_ZEROES, 10, 5)))
                .isFalse();
        assertThat(precedes(new Kiobuf(loop, Op.CACHE, 0, 10), new Kiobuf(loop, Op.CACHE, 10, 5)))
                .isFalse();
        assertThat(precedes(trim(0, 10).flags(Kiobuf.FUA), trim(10, 5))).isFalse();
        assertThat(precedes(trim(0, 10), trim(10, 5).flags(Kiobuf.FUA))).isFalse();
        assertThat(precedes(trim(0, 10).accept(ReadPiece.ACCEPT_HOLE), trim(10, 5)))
                .isFalse();
    }

    @Test
    void joiningMovesTwoPointersHoweverLongTheChains() {
        KiobufChain left = KiobufChain.of(trim(0, 1));
        for (int i = 1; i < 1000; i++) {
            left.join(KiobufChain.of(trim(i, 1)));
        }
        KiobufChain right = KiobufChain.of(trim(1000, 1));
        for (int i = 1001; i < 2000; i++) {
            right.join(KiobufChain.of(trim(i, 1)));
        }
        Kiobuf leftTail = left.tail();
        Kiobuf rightHead = right.head();
        left.join(right);
        assertThat(leftTail.next()).isSameAs(rightHead);
        assertThat(left.tail()).isSameAs(right.tail());
        assertThat(left.originals()).isEqualTo(2000);
        assertThat(left.lengthBytes()).isEqualTo(2000);
        long at = 0;
        for (Kiobuf original = left.head(); original != null; original = original.next()) {
            assertThat(original.offsetBytes()).isEqualTo(at++);
        }
        assertThat(at).isEqualTo(2000);
    }

    @Test
    void i2_strangersAreNotJoined() {
        KiobufChain chain = KiobufChain.of(trim(0, 10));
        assertThatThrownBy(() -> chain.join(KiobufChain.of(trim(11, 1)))).isInstanceOf(IllegalArgumentException.class);
        KiobufChain flush = KiobufChain.of(new Kiobuf(loop, Op.FLUSH, 0, 0));
        assertThatThrownBy(() -> flush.join(KiobufChain.of(trim(0, 1)))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> chain.join(KiobufChain.of(new Kiobuf(loop, Op.FLUSH, 0, 0))))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void flushesShareAChainAndEachEnds() {
        List<Integer> ended = new ArrayList<>();
        KiobufChain flushes = null;
        for (int i = 0; i < 3; i++) {
            int number = i;
            Kiobuf flush = new Kiobuf(loop, Op.FLUSH, 0, 0);
            flush.addNotifier((completion, error) -> {
                assertThat(error).isEqualTo(IoError.IO);
                ended.add(number);
            });
            if (flushes == null) {
                flushes = KiobufChain.of(flush);
            } else {
                flushes.join(KiobufChain.of(flush));
            }
        }
        java.util.Objects.requireNonNull(flushes).completeAll(IoError.IO);
        assertThat(ended).containsExactly(0, 1, 2);
    }
}
