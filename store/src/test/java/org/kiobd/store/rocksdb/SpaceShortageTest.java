package org.kiobd.store.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.kiobd.volume.IoError;

/** A shortage of space is neither forgotten nor reported as ended twice, whatever operations run at once. */
final class SpaceShortageTest {
    private static final int ROUNDS = 200_000;

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
        AtomicBoolean isOver = new AtomicBoolean();
        Thread other = new Thread(() -> {
            while (!isOver.get()) {
                shortage.failed(IoError.IO);
            }
        });
        other.start();
        try {
            for (int round = 0; round < ROUNDS; round++) {
                shortage.failed(IoError.NO_SPACE);
                long seen = shortage.current();
                assertThat(seen).isNotEqualTo(SpaceShortage.NONE);
                assertThat(shortage.ended(seen)).isTrue();
            }
        } finally {
            isOver.set(true);
            other.join();
        }
    }
}
