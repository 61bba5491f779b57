package org.kiobd.nbd.transmission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.kiobd.nbd.NbdLimits;
import org.kiobd.nbd.testkit.MemoryDevice;
import org.kiobd.volume.kiobuf.AlignedMemory;
import org.kiobd.volume.kiobuf.PagePool;

class ConnectionMemoryTest {
    private static final int CHUNK = 64 << 10;
    private static final int REPLY = 10_000;

    private final PagePool pool = new PagePool(64 << 20, 16);
    private final ConnectionBudget budget = new ConnectionBudget(pool, NbdLimits.DEFAULT);
    private final ConnectionMemory memory = new ConnectionMemory(pool, budget, new MemoryDevice(1 << 20));

    /** A reply of the connection is in flight: otherwise all common buffers are dropped at once. */
    @BeforeEach
    void oneRequestIsInFlight() {
        budget.begin(REPLY);
    }

    @AfterEach
    void nothingIsLeft() {
        memory.clearReplies();
        assertThat(budget.usedBytes()).isZero();
        assertThat(pool.reservedBytes()).isZero();
    }

    private ByteBuf next() {
        assertThat(memory.prepareReply(REPLY)).isTrue();
        return memory.nextReply(REPLY);
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
        assertThat(memory.prepareReply(CHUNK / 4)).isTrue();
        ByteBuf first = memory.nextReply(CHUNK / 4);
        for (int i = 1; i < 4; i++) {
            assertThat(memory.prepareReply(CHUNK / 4)).isTrue();
            memory.nextReply(CHUNK / 4);
        }
        assertThat(memory.prepareReply(REPLY)).isFalse();
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
        assertThat(memory.isCommon(CHUNK / 4)).isTrue();
        assertThat(memory.isCommon(CHUNK / 4 + 1)).isFalse();
        MemoryDevice aligned = new MemoryDevice(1 << 20);
        aligned.wantAligned(AlignedMemory.ALIGNMENT_BYTES);
        ConnectionMemory apart = new ConnectionMemory(pool, budget, aligned);
        assertThat(apart.isCommon(4096)).isTrue();
        assertThat(apart.isCommon(4096 + 16)).isFalse();
    }

    @Test
    void atRestNoCommonBufferIsKept() {
        ByteBuf reply = next();
        memory.sweep();
        assertThat(budget.usedBytes()).as("in flight").isEqualTo(CHUNK);
        reply.release();
        budget.end(1, REPLY);
        memory.sweep();
        assertThat(budget.usedBytes()).isZero();
    }

    @Test
    void payloadIsChargedUntilNobodyElseUsesIt() {
        assertThat(budget.reserve(REPLY)).isTrue();
        ByteBuf payload = memory.allocate(REPLY);
        memory.hold(payload, REPLY);
        assertThat(memory.holds(payload)).isTrue();
        memory.sweep();
        assertThat(memory.holdsPayload()).as("the WRITE uses it").isTrue();
        assertThat(budget.tookBack()).isFalse();
        payload.release();
        memory.sweep();
        assertThat(memory.holdsPayload()).isFalse();
        assertThat(budget.usedBytes()).isZero();
        assertThat(budget.tookBack()).isTrue();
    }

    @Test
    void roomIsAskedForFirst() {
        assertThatThrownBy(() -> memory.nextReply(REPLY)).isInstanceOf(IllegalStateException.class);
    }
}
