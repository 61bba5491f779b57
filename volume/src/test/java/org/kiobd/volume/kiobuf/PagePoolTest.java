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
import org.kiobd.volume.loop.IoLoops;
import org.kiobd.volume.testkit.LeakCheck;
import org.kiobd.volume.testkit.Seeded;
import org.kiobd.volume.testkit.TestLoops;

@ExtendWith(LeakCheck.class)
class PagePoolTest {
    /** 100 beyond ten shares of 6. */
    private final PagePool pool = new PagePool(160, 10);

    @Test
    void sharesAreSetAside() {
        assertThat(pool.shareBytes()).isEqualTo(6);
        assertThat(new PagePool(160L << 20, 1024).shareBytes()).isEqualTo(64 << 10);
        assertThat(new PagePool(1L << 40, 1024).shareBytes()).isEqualTo(64 << 10);
        for (int i = 0; i < 10; i++) {
            assertThat(pool.takeShare()).isTrue();
        }
        assertThat(pool.takeShare()).isFalse();
        assertThat(pool.sharesInUse()).isEqualTo(10);
        pool.giveShareBack();
        assertThat(pool.takeShare()).isTrue();
        for (int i = 0; i < 10; i++) {
            pool.giveShareBack();
        }
        assertThatThrownBy(pool::giveShareBack).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void theSmallestCapacityForAShareIsJustEnough() {
        for (int shares : new int[] {1, 3, 1024, 65_535}) {
            for (int shareBytes : new int[] {1, 16 << 10, 64 << 10}) {
                long capacityBytes = PagePool.capacityFor(shares, shareBytes);
                assertThat(new PagePool(capacityBytes, shares).shareBytes()).isEqualTo(shareBytes);
                assertThat(new PagePool(capacityBytes - 1, shares).shareBytes()).isLessThan(shareBytes);
            }
        }
        assertThatThrownBy(() -> PagePool.capacityFor(1, (64 << 10) + 1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void oneAloneGetsHalfOfWhatIsNotShares() {
        assertThat(pool.tryReserve(0, 51)).isFalse();
        assertThat(pool.refusals()).isEqualTo(1);
        assertThat(pool.tryReserve(0, 50)).isTrue();
        assertThat(pool.tryReserve(50, 1)).isFalse();
        pool.release(50);
        assertThat(pool.reservedBytes()).isZero();
        assertThat(pool.peakBytes()).isEqualTo(50);
    }

    @Test
    void ofManyWhoTakeAllTheyCanEachGetsTheSameAndSoMuchIsLeft() {
        long[] held = new long[9];
        boolean more = true;
        while (more) {
            more = false;
            for (int i = 0; i < held.length; i++) {
                if (pool.tryReserve(held[i], 1)) {
                    held[i]++;
                    more = true;
                }
            }
        }
        assertThat(held).containsOnly(10);
        assertThat(pool.reservedBytes()).isEqualTo(90);
        assertThat(pool.tryReserve(0, 5)).as("who comes late").isTrue();
        pool.release(95);
    }

    @Test
    void whoCameEarlyGetsNothingMoreUntilItIsNoLongerAhead() {
        assertThat(pool.tryReserve(0, 40)).isTrue();
        assertThat(pool.tryReserve(0, 30)).isTrue();
        assertThat(pool.tryReserve(40, 1)).isFalse();
        pool.release(20);
        assertThat(pool.tryReserve(20, 10)).isTrue();
        pool.release(60);
    }

    @Test
    void nonsenseIsRefusedAndChangesNothing() {
        assertThatThrownBy(() -> new PagePool(0, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new PagePool(1, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> pool.tryReserve(0, -1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> pool.tryReserve(-1, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThat(pool.tryReserve(0, 10)).isTrue();
        assertThatThrownBy(() -> pool.release(11)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> pool.release(-1)).isInstanceOf(IllegalStateException.class);
        assertThat(pool.reservedBytes()).isEqualTo(10);
        assertThat(pool.tryReserve(0, 0)).isTrue();
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
    void i5_manyLoopsNeverHoldMoreThanThereIsNorThanIsLeft(Random random) {
        AtomicLong inUse = new AtomicLong();
        AtomicLong most = new AtomicLong();
        try (IoLoops loops = new IoLoops(IoEngine.NIO, 3)) {
            List<CompletableFuture<@Nullable Void>> all = new ArrayList<>();
            for (int connection = 0; connection < 12; connection++) {
                long seed = random.nextLong();
                CompletableFuture<@Nullable Void> done = new CompletableFuture<>();
                all.add(done);
                loops.next().execute(() -> {
                    Random own = new Random(seed);
                    long held = 0;
                    for (int step = 0; step < 20_000; step++) {
                        long bytes = 1L + own.nextInt(20);
                        if (own.nextBoolean() && pool.tryReserve(held, bytes)) {
                            held += bytes;
                            most.accumulateAndGet(inUse.addAndGet(bytes), Math::max);
                        } else if (held > 0) {
                            long back = 1 + own.nextLong(held);
                            held -= back;
                            inUse.addAndGet(-back);
                            pool.release(back);
                        }
                    }
                    inUse.addAndGet(-held);
                    pool.release(held);
                    done.complete(null);
                });
            }
            all.forEach(TestLoops::await);
        }
        assertThat(pool.reservedBytes()).isZero();
        assertThat(most.get()).isLessThan(100);
        assertThat(pool.refusals()).isPositive();
    }
}
