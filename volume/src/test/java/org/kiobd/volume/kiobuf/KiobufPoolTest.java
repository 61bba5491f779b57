package org.kiobd.volume.kiobuf;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.kiobd.volume.IoError;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.testkit.ManualLoop;

class KiobufPoolTest {
    private final KiobufPool pool = new KiobufPool(new ManualLoop());
    private final List<String> told = new ArrayList<>();

    private Kiobuf take(Op op, long offsetBytes, long lengthBytes, String name) {
        Kiobuf taken = pool.take(op, offsetBytes, lengthBytes);
        taken.addNotifier((completion, error) -> told.add(name + " " + error));
        return taken;
    }

    @Test
    void oneThatHasEndedBeginsAsNew() {
        ByteBuf memory = Unpooled.directBuffer(4096);
        Kiobuf first = take(Op.READ, 4096, 4096, "first")
                .flags(Kiobuf.FUA)
                .accept(ReadPiece.ACCEPT_HOLE)
                .owner(this)
                .add(Fragment.of(memory, 0, 4096));
        first.addInterceptor((completion, error) -> false);
        first.place(0, new ReadPiece.Hole(4096));
        KiobufChain chain = KiobufChain.of(first);
        chain.completeAll(IoError.IO);
        assertThat(memory.refCnt()).isZero();

        Kiobuf again = take(Op.TRIM, 0, 512, "again");
        assertThat(again).isSameAs(first);
        assertThat(again.toString()).isEqualTo("TRIM[0,512)");
        assertThat(again.flags()).isZero();
        assertThat(again.acceptedPieces()).isZero();
        assertThat(again.owner()).isNull();
        assertThat(again.fragmentCount()).isZero();
        assertThat(again.next()).isNull();
        assertThat(again.isAllMemory()).isTrue();
        assertThat(again.isCompleted()).isFalse();
        assertThat(again.failure()).isNull();
        assertThat(KiobufChain.of(again).op()).isEqualTo(Op.TRIM);
        again.submitted();
        assertThat(told).containsExactly("first IO", "again null");
    }

    @Test
    void oneThatSomebodyHoldsIsNotGivenToAnother() {
        Kiobuf held = take(Op.FLUSH, 0, 0, "held").retain();
        held.submitted();
        Kiobuf other = take(Op.FLUSH, 0, 0, "other");
        assertThat(other).isNotSameAs(held);
        held.release();
        assertThat(pool.take(Op.FLUSH, 0, 0)).isSameAs(held);
    }

    @Test
    void aCallbackMayMakeTheNextRequestOfTheOneThatEndsOnlyBehindIt() {
        List<@Nullable Kiobuf> made = new ArrayList<>();
        Kiobuf first = pool.take(Op.FLUSH, 0, 0);
        first.addNotifier((completion, error) -> made.add(pool.take(Op.FLUSH, 0, 0)));
        first.submitted();
        assertThat(made).hasSize(1).doesNotContain(first);
        assertThat(pool.take(Op.FLUSH, 0, 0)).isSameAs(first);
    }
}
