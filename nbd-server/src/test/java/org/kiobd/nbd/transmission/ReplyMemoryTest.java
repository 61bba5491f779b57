package org.kiobd.nbd.transmission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.testkit.ManualLoop;

class ReplyMemoryTest {
    private static final int CHUNK = 64 << 10;
    private static final int REPLY = 10_000;

    private final ManualLoop loop = new ManualLoop();
    private final PagePool pool = new PagePool(64 << 20);
    private final MemoryBudget budget = new MemoryBudget(pool, loop, () -> {});
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
    void whereMemoryHasToBeWaitedForTheGrantIsTaken() {
        assertThat(pool.tryReserve(64 << 20)).isTrue();
        assertThat(memory.prepare(REPLY)).isFalse();
        pool.release(64 << 20);
        loop.runAll();
        assertThat(budget.isWaiting()).isFalse();
        assertThat(memory.prepare(REPLY)).isTrue();
        memory.next(REPLY).release();
        assertThat(budget.usedBytes()).isEqualTo(CHUNK);
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
