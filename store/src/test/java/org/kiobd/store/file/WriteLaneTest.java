package org.kiobd.store.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.kiobd.volume.testkit.ManualLoop;

/** Work is done in order, one piece at a time, and comes home to the loop that gave it. */
@Timeout(60)
class WriteLaneTest {
    private final ManualLoop loop = new ManualLoop();
    private final FileThreads threads = new FileThreads();
    private final List<Integer> written = Collections.synchronizedList(new ArrayList<>());
    private final List<Integer> home = new ArrayList<>();
    private final AtomicInteger atOnce = new AtomicInteger();

    private WriteLane.Work work(int number, CountDownLatch before) {
        return new WriteLane.Work() {
            @Override
            public void write() {
                assertThat(atOnce.incrementAndGet()).isEqualTo(1);
                try {
                    before.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                written.add(number);
                atOnce.decrementAndGet();
            }

            @Override
            public void written() {
                assertThat(loop.inLoop()).isTrue();
                home.add(number);
            }
        };
    }

    @AfterEach
    void closeThreads() {
        threads.close();
    }

    private void awaitHome(int count) {
        while (home.size() < count) {
            loop.runAll();
            LockSupport.parkNanos(100_000);
        }
    }

    @Test
    void aLoopHasOneAndNoOther() {
        WriteLane lane = threads.openLane(loop);
        assertThat(threads.openLane(loop)).isSameAs(lane);
        assertThat(threads.openLane(new ManualLoop())).isNotSameAs(lane);
        threads.closeLane(loop);
        assertThat(threads.openLane(loop)).as("one port still has it").isSameAs(lane);
        threads.closeLane(loop);
        threads.closeLane(loop);
        assertThat(threads.openLane(loop)).as("no port had it").isNotSameAs(lane);
        threads.closeLane(loop);
        assertThatThrownBy(() -> threads.closeLane(loop)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void manyComeHomeInOrder() {
        WriteLane lane = threads.openLane(loop);
        CountDownLatch open = new CountDownLatch(0);
        List<Integer> all = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            all.add(i);
            lane.add(work(i, open));
            if (i % 100 == 0) {
                awaitHome(i / 2);
            }
        }
        awaitHome(1000);
        assertThat(written).isEqualTo(all);
        assertThat(home).isEqualTo(all);
    }

    /** A lane that waits takes its time, and nobody else's. */
    @Test
    void lanesDoNotWaitForEachOther() {
        WriteLane lane = threads.openLane(loop);
        CountDownLatch shut = new CountDownLatch(1);
        lane.add(work(1, shut));
        while (atOnce.get() == 0) {
            LockSupport.parkNanos(100_000);
        }
        CountDownLatch done = new CountDownLatch(1);
        ManualLoop other = new ManualLoop();
        threads.openLane(other).add(new WriteLane.Work() {
            @Override
            public void write() {
                done.countDown();
            }

            @Override
            public void written() {
                home.add(2);
            }
        });
        while (home.isEmpty()) {
            other.runAll();
        }
        assertThat(done.getCount()).isZero();
        assertThat(written).isEmpty();
        shut.countDown();
        awaitHome(2);
        assertThat(home).containsExactly(2, 1);
    }

    /** A stripe of four members ends by one task of the loop. */
    @Test
    void whatIsAddedTogetherComesHomeTogether() {
        WriteLane lane = threads.openLane(loop);
        CountDownLatch shut = new CountDownLatch(1);
        for (int i = 0; i < 4; i++) {
            lane.add(work(i, shut));
        }
        shut.countDown();
        while (loop.waitingTasks() == 0) {
            LockSupport.parkNanos(100_000);
        }
        assertThat(loop.runOne()).isTrue();
        assertThat(home).containsExactly(0, 1, 2, 3);
    }
}
