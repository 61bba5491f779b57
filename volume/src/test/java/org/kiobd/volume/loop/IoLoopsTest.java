package org.kiobd.volume.loop;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kiobd.volume.testkit.TestLoops;

/** What a loop is told about its sleep comes to its own handler. */
@Timeout(60)
class IoLoopsTest {
    private static final long SPIN_NANOS = 20_000;

    private static boolean tell(NettyIoLoop loop) {
        return TestLoops.call(loop, () -> {
            loop.expectLull();
            return loop.expectsLull();
        });
    }

    @ParameterizedTest
    @EnumSource
    void aLullIsOverWhenTheLoopHasSlept(IoEngine engine) {
        try (IoLoops loops = new IoLoops(engine, 3, SPIN_NANOS)) {
            for (NettyIoLoop loop : loops.all()) {
                assertThat(tell(loop)).isTrue();
                // Only this loop is woken: told to another's handler, it would stay.
                while (TestLoops.call(loop, loop::expectsLull)) {
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void loopsThatSleepAtOnceNeedNotBeTold(IoEngine engine) {
        try (IoLoops loops = new IoLoops(engine, 1)) {
            assertThat(tell(loops.next())).isFalse();
        }
    }
}
