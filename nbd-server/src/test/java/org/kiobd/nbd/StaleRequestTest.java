package org.kiobd.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kiobd.nbd.testkit.RawNbdClient.DISC;
import static org.kiobd.nbd.testkit.RawNbdClient.READ;

import java.io.IOException;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kiobd.nbd.testkit.MemoryDevice;
import org.kiobd.nbd.testkit.RawNbdClient;
import org.kiobd.nbd.testkit.RawNbdClient.Request;
import org.kiobd.nbd.testkit.RunningServer;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoop;
import org.kiobd.volume.testkit.LeakCheck;

/**
 * A loop that stood still while a client sent a write, went away, and wrote something newer through another loop, must not execute
 * the old write when it goes on. Not on NIO, whose sockets cannot be asked (see {@code PeerSocket}).
 */
@ExtendWith(LeakCheck.class)
@Timeout(60)
final class StaleRequestTest {
    private static byte[] filled(int value) {
        byte[] bytes = new byte[4096];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    @ParameterizedTest
    @EnumSource(
            value = IoEngine.class,
            names = {"IO_URING", "EPOLL"})
    void aWriteIsNotExecutedAfterItsClientHasGone(IoEngine engine) throws Exception {
        play(engine, false);
    }

    @ParameterizedTest
    @EnumSource(
            value = IoEngine.class,
            names = {"IO_URING", "EPOLL"})
    void aWriteBeforeDiscIsExecutedThoughItsClientHasGone(IoEngine engine) throws Exception {
        play(engine, true);
    }

    private static void play(IoEngine engine, boolean disc) throws Exception {
        MemoryDevice device = new MemoryDevice(1 << 20);
        try (RunningServer running = new RunningServer(engine, 2, device, NbdLimits.DEFAULT);
                RawNbdClient goes = RawNbdClient.attach(running.unix());
                RawNbdClient stays = RawNbdClient.attach(running.unix())) {
            IoLoop loop = loopOf(goes, device);
            assertThat(loopOf(stays, device))
                    .as("connections go round the loops")
                    .isNotSameAs(loop);
            CountDownLatch standing = new CountDownLatch(1);
            CountDownLatch goOn = new CountDownLatch(1);
            loop.execute(() -> {
                standing.countDown();
                awaitUninterruptibly(goOn);
            });
            standing.await();
            goes.send(
                    disc
                            ? new Request[] {Request.write(2, 0, filled(1)), Request.of(DISC, 3, 0, 0)}
                            : new Request[] {Request.write(2, 0, filled(1))});
            goes.close();
            if (!disc) {
                assertThat(stays.call(Request.write(4, 0, filled(1))).errno()).isZero();
                assertThat(stays.call(Request.write(5, 0, filled(2))).errno()).isZero();
            }
            goOn.countDown();
            Export export = running.exports().find("memory");
            while (export == null || export.figures().connections() > 1) {
                Thread.onSpinWait();
            }
            assertThat(stays.call(Request.of(READ, 6, 0, 4096)).data()[0]).isEqualTo((byte) (disc ? 1 : 2));
        }
    }

    private static IoLoop loopOf(RawNbdClient client, MemoryDevice device) throws IOException {
        client.call(Request.of(READ, 1, 0, 1));
        return Objects.requireNonNull(device.lastLoop());
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
