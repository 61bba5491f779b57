package org.kiobd.nbd.transmission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.kiobd.volume.kiobuf.PagePool;

class ReplyMemoryTest {
    private static final int CHUNK = 64 << 10;
    private static final int REPLY = 10_000;

    private final PagePool pool = new PagePool(64 << 20, 16);
    private final MemoryBudget budget = new MemoryBudget(pool);
    private final ReplyMemory memory = new ReplyMemory(pool, budget, false);

    @AfterEach
    void nothingIsLeft() {
        memory.clear();
        assertThat(budget.usedBytes()).isZero();
        assertThat(pool.reservedBytes()).isZero();
    }

    private ByteBuf next() {
        assertThat(memory.prepare(REPLY)).isTrue();
        return memory.next(REPLY);
    }

    @Test
    void repliesStandInARowUntilABufferIsFull() {
        ByteBuf first = next();
        for (int i = 1; i < CHUNK / REPLY; i++) {
            assertThat(next()).isSameAs(first);
            assertThat(first.writerIndex()).isEqualTo((i + 1) * REPLY);
        }
        ByteBuf other = next();
        assertThat(other).isNotSameAs(first);
        assertThat(budget.usedBytes()).isEqualTo(2 * CHUNK);
        first.release(CHUNK / REPLY);
        memory.sweep();
        assertThat(budget.usedBytes()).as("the full one has gone").isEqualTo(CHUNK);
        other.release();
    }

    @Test
    void aBufferThatIsFullAndFreeIsFilledAgain() {
        ByteBuf first = next();
        for (int i = 1; i < CHUNK / REPLY; i++) {
            next();
        }
        first.release(CHUNK / REPLY);
        assertThat(next()).isSameAs(first);
        assertThat(first.writerIndex()).isEqualTo(REPLY);
        first.release();
    }

    @Test
    void whereNothingIsLeftTheShareHoldsOneBuffer() {
        long taken = Exhausted.take(pool);
        assertThat(memory.prepare(CHUNK / 4)).isTrue();
        ByteBuf first = memory.next(CHUNK / 4);
        for (int i = 1; i < 4; i++) {
            assertThat(memory.prepare(CHUNK / 4)).isTrue();
            memory.next(CHUNK / 4);
        }
        assertThat(memory.prepare(REPLY)).isFalse();
        memory.shrink();
        assertThat(budget.usedBytes()).as("somebody uses it").isEqualTo(CHUNK);
        first.release(4);
        memory.shrink();
        assertThat(budget.usedBytes()).isZero();
        pool.release(taken);
        next().release();
    }

    @Test
    void whatIsLargeOrStandsInPagesOfItsOwnDoesNotStandHere() {
        assertThat(memory.takes(CHUNK / 4)).isTrue();
        assertThat(memory.takes(CHUNK / 4 + 1)).isFalse();
        ReplyMemory apart = new ReplyMemory(pool, budget, true);
        assertThat(apart.takes(4096)).isTrue();
        assertThat(apart.takes(4096 + 16)).isFalse();
    }

    @Test
    void roomIsAskedForFirst() {
        assertThatThrownBy(() -> memory.next(REPLY)).isInstanceOf(IllegalStateException.class);
    }
}
