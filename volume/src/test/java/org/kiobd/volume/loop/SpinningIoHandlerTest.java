package org.kiobd.volume.loop;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoRegistration;
import org.junit.jupiter.api.Test;

/** Time passes when the test says so: each look takes 10, each sleep what it was told. */
class SpinningIoHandlerTest {
    private static final int SPIN = 50;
    private static final int LOOK = 10;

    private long now;
    private int looks;
    private int sleeps;
    private long nextSleep = 1000;
    private int eventsAfterLooks = -1;
    private int taskAfterLooks = -1;
    private final SpinningIoHandler handler = new SpinningIoHandler(new Scripted(), SPIN, () -> now);

    /** Counts how it is called. */
    private final class Scripted implements IoHandler {
        @Override
        public int run(IoHandlerContext context) {
            if (context.canBlock()) {
                sleeps++;
                now += nextSleep;
                return 1;
            }
            looks++;
            now += LOOK;
            return looks == eventsAfterLooks ? 1 : 0;
        }

        @Override
        public void destroy() {}

        @Override
        public IoRegistration register(IoHandle handle) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void wakeup() {}

        @Override
        public boolean isCompatible(Class<? extends IoHandle> handleType) {
            return true;
        }
    }

    private final IoHandlerContext idle = new IoHandlerContext() {
        @Override
        public boolean canBlock() {
            return taskAfterLooks < 0 || looks < taskAfterLooks;
        }

        @Override
        public long delayNanos(long nowNanos) {
            return Long.MAX_VALUE;
        }

        @Override
        public long deadlineNanos() {
            return -1;
        }
    };

    private void sleepFor(long nanos) {
        nextSleep = nanos;
        handler.run(idle);
    }

    @Test
    void afterALongSleepItSleepsAgain() {
        sleepFor(SPIN);
        sleepFor(SPIN);
        assertThat(looks).isZero();
        assertThat(sleeps).isEqualTo(2);
    }

    @Test
    void afterAShortSleepItLooksAndFinds() {
        sleepFor(SPIN - 1);
        eventsAfterLooks = 3;
        assertThat(handler.run(idle)).isEqualTo(1);
        assertThat(looks).isEqualTo(3);
        assertThat(sleeps).isEqualTo(1);
        eventsAfterLooks = 5;
        assertThat(handler.run(idle)).as("and looks again the next time").isEqualTo(1);
        assertThat(sleeps).isEqualTo(1);
    }

    @Test
    void lookingInVainIsBoundedAndNotTriedAgainBeforeASleepWasShort() {
        sleepFor(1);
        sleepFor(1000);
        assertThat(looks).isEqualTo(SPIN / LOOK);
        assertThat(sleeps).isEqualTo(2);
        sleepFor(1);
        assertThat(looks).as("not after a long sleep").isEqualTo(SPIN / LOOK);
        sleepFor(1000);
        assertThat(looks).as("but after a short one").isEqualTo(2 * SPIN / LOOK);
    }

    @Test
    void whereALullIsExpectedItSleepsAtOnceAndThatOneTime() {
        sleepFor(1);
        handler.expectLull();
        sleepFor(1);
        assertThat(looks).isZero();
        assertThat(sleeps).isEqualTo(2);
        eventsAfterLooks = 1;
        handler.run(idle);
        assertThat(looks).isEqualTo(1);
        assertThat(sleeps).isEqualTo(2);
    }

    @Test
    void aTaskEndsTheLooking() {
        sleepFor(1);
        taskAfterLooks = 2;
        assertThat(handler.run(idle)).isZero();
        assertThat(looks).isEqualTo(2);
        assertThat(sleeps).isEqualTo(1);
    }

    @Test
    void aLoopWithTasksNeverWaits() {
        taskAfterLooks = 0;
        handler.run(idle);
        assertThat(looks).isEqualTo(1);
        assertThat(sleeps).isZero();
    }
}
