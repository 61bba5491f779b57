package org.kiobd.store.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.kiobd.volume.IoError;

/** A shortage of space is neither forgotten nor reported as ended twice, whatever operations run at once. */
final class SpaceShortageTest {
    private static final int ROUNDS = 5_000;

    private final SpaceShortage shortage = new SpaceShortage();

    @Test
    void beginsWithAFailureForWantOfSpaceAndEndsWithASuccess() {
        shortage.failed(IoError.IO);
        assertThat(shortage.current()).isEqualTo(SpaceShortage.NONE);
        shortage.failed(IoError.NO_SPACE);
        long seen = shortage.current();
        assertThat(seen).isNotEqualTo(SpaceShortage.NONE);
        assertThat(shortage.ended(seen)).isTrue();
        assertThat(shortage.current()).isEqualTo(SpaceShortage.NONE);
        assertThat(shortage.ended(seen)).isFalse();
    }

    @Test
    void aSuccessThatBeganBeforeTheFailureDoesNotEndIt() {
        long beforeAny = shortage.current();
        shortage.failed(IoError.NO_SPACE);
        assertThat(shortage.ended(beforeAny)).isFalse();
        long beforeSecond = shortage.current();
        shortage.failed(IoError.NO_SPACE);
        assertThat(shortage.ended(beforeSecond)).isFalse();
        assertThat(shortage.current()).isNotEqualTo(SpaceShortage.NONE);
    }

    @Test
    void isNotLostToAnotherFailureAtTheSameTime() throws Exception {
        together(() -> shortage.failed(IoError.NO_SPACE), () -> shortage.failed(IoError.IO), () -> {
            long seen = shortage.current();
            assertThat(seen).isNotEqualTo(SpaceShortage.NONE);
            assertThat(shortage.ended(seen)).isTrue();
        });
    }

    /** Runs {@code first} and {@code second} at once, and then {@code check}, many times. */
    private static void together(Runnable first, Runnable second, Runnable check) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(2);
        CyclicBarrier barrier = new CyclicBarrier(2, check);
        try {
            Future<?> one = threads.submit(() -> rounds(first, barrier));
            Future<?> other = threads.submit(() -> rounds(second, barrier));
            one.get();
            other.get();
        } finally {
            threads.shutdownNow();
        }
    }

    private static int rounds(Runnable part, CyclicBarrier barrier) throws Exception {
        for (int i = 0; i < ROUNDS; i++) {
            part.run();
            barrier.await();
        }
        return ROUNDS;
    }
}
