package org.kiobd.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.testkit.ManualLoop;

class MemberOpPoolTest {
    private final MemberOpPool pool = new MemberOpPool();
    private final List<MemberOp> ended = new ArrayList<>();

    private MemberOp take(Op op, int flags, int member, long offsetBytes) {
        return pool.take(op, flags, member, offsetBytes, ended::add);
    }

    @Test
    void whatHasEndedIsUsedAgainOnlyWhenNobodyUpTheStackHasIt() {
        MemberOp first = take(Op.READ, Kiobuf.FUA, 3, 17);
        first.complete(0, null);
        pool.giveBack(first);
        assertThat(take(Op.TRIM, 0, 0, 0)).isNotSameAs(first);
        assertThatThrownBy(() -> first.complete(0, null)).hasMessageContaining("ended twice");
        pool.recycle();
        MemberOp again = take(Op.WRITE, 0, 1, 4096);
        assertThat(again).isSameAs(first);
        assertThat(again.toString()).isEqualTo("WRITE member=1 [4096,4096) entries=0");
        assertThat(again.has(Kiobuf.FUA)).isFalse();
        assertThat(again.isEnded()).isFalse();
        assertThat(again.error()).isNull();
        again.complete(0, null);
        assertThat(ended).containsExactly(first, again);
    }

    @Test
    void whatAnotherThreadHasSeenOrIsLongIsLeftToTheCollector() {
        MemberOp seen = take(Op.READ, 0, 0, 0);
        seen.leavesLoop();
        pool.giveBack(seen);
        MemberOp large = take(Op.TRIM, 0, 0, 0);
        Kiobuf request = new Kiobuf(new ManualLoop(), Op.TRIM, 0, 1 << 20);
        for (int i = 0; i < 100; i++) {
            large.add(request, i, 1);
        }
        pool.giveBack(large);
        pool.recycle();
        assertThat(take(Op.READ, 0, 0, 0)).isNotIn(seen, large);
    }
}
