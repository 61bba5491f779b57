package org.kiobd.volume.kiobuf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.loop.IoLoops;
import org.kiobd.volume.testkit.LeakCheck;
import org.kiobd.volume.testkit.ManualLoop;
import org.kiobd.volume.testkit.Seeded;
import org.kiobd.volume.testkit.TestLoops;

@ExtendWith(LeakCheck.class)
class PagePoolTest {
    private final ManualLoop loop = new ManualLoop();
    private final PagePool pool = new PagePool(100);
    private final List<String> granted = new ArrayList<>();

    private PagePool.Waiter wait(String name, long bytes) {
        return pool.reserveLater(bytes, loop, () -> granted.add(name));
    }

    @Test
    void grantsComeInTheOrderTheyWereAskedForHoweverLarge() {
        assertThat(pool.tryReserve(80)).isTrue();
        wait("large", 90);
        wait("small", 1);
        assertThat(pool.tryReserve(1)).isFalse();
        loop.runAll();
        assertThat(granted).isEmpty();
        pool.release(79);
        loop.runAll();
        assertThat(granted).containsExactly("large", "small");
        assertThat(pool.reservedBytes()).isEqualTo(92);
        pool.release(92);
        assertThat(pool.reservedBytes()).isZero();
        assertThat(pool.peakBytes()).isEqualTo(92);
    }

    @Test
    void aWaiterThatLeavesLetsThoseBehindItIn() {
        assertThat(pool.tryReserve(50)).isTrue();
        PagePool.Waiter large = wait("large", 60);
        wait("small", 50);
        assertThat(large.cancel()).isTrue();
        assertThat(large.cancel()).isFalse();
        loop.runAll();
        assertThat(granted).containsExactly("small");
        pool.release(100);
        assertThat(pool.reservedBytes()).isZero();
    }

    @Test
    void leavingAfterTheGrantSaysSo() {
        PagePool.Waiter waiter = wait("one", 10);
        assertThat(waiter.cancel()).isFalse();
        loop.runAll();
        assertThat(granted).containsExactly("one");
        pool.release(10);
        assertThat(pool.reservedBytes()).isZero();
    }

    @Test
    void aGrantThatGivesBackAndAsksAgainDoesNotRecurse() {
        int[] left = {100_000};
        Runnable[] again = new Runnable[1];
        again[0] = () -> {
            pool.release(100);
            if (left[0]-- > 0) {
                pool.reserveLater(100, loop, again[0]);
            }
        };
        pool.reserveLater(100, loop, again[0]);
        loop.runAll();
        assertThat(pool.reservedBytes()).isZero();
    }

    @Test
    void nonsenseIsRefusedAndChangesNothing() {
        assertThatThrownBy(() -> new PagePool(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> pool.tryReserve(101)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> pool.tryReserve(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> pool.reserveLater(101, loop, () -> {})).isInstanceOf(IllegalArgumentException.class);
        assertThat(pool.tryReserve(10)).isTrue();
        assertThatThrownBy(() -> pool.release(11)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> pool.release(-1)).isInstanceOf(IllegalStateException.class);
        assertThat(pool.reservedBytes()).isEqualTo(10);
        assertThat(pool.tryReserve(0)).isTrue();
        pool.release(10);
    }

    @Test
    void memoryIsDirectAndOwned() {
        var memory = pool.allocate(70);
        assertThat(memory.isDirect()).isTrue();
        assertThat(memory.capacity()).isEqualTo(70);
        assertThat(memory.release()).isTrue();
        assertThat(pool.allocate(0).capacity()).isZero();
    }

    @Seeded(rounds = 2)
    void manyLoopsNeverHoldMoreThanThereIsAndNobodyStarves(Random random) {
        int tasks = 600;
        AtomicLong inUse = new AtomicLong();
        AtomicLong most = new AtomicLong();
        try (IoLoops loops = new IoLoops(IoEngine.NIO, 3)) {
            List<CompletableFuture<@Nullable Void>> all = new ArrayList<>();
            for (int i = 0; i < tasks; i++) {
                IoLoop on = loops.next();
                long bytes = random.nextInt(10) == 0 ? 100 : 1 + random.nextInt(40);
                boolean cancels = random.nextInt(5) == 0;
                CompletableFuture<@Nullable Void> done = new CompletableFuture<>();
                all.add(done);
                on.execute(() -> {
                    Runnable use = () -> {
                        most.accumulateAndGet(inUse.addAndGet(bytes), Math::max);
                        on.execute(() -> {
                            inUse.addAndGet(-bytes);
                            pool.release(bytes);
                            done.complete(null);
                        });
                    };
                    PagePool.Waiter waiter = pool.reserveLater(bytes, on, use);
                    if (cancels && waiter.cancel()) {
                        done.complete(null);
                    }
                });
            }
            all.forEach(TestLoops::await);
        }
        assertThat(pool.reservedBytes()).isZero();
        assertThat(most.get()).isLessThanOrEqualTo(100);
        assertThat(pool.tryReserve(100)).isTrue();
        pool.release(100);
    }
}
