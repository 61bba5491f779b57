package org.kiobd.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kiobd.nbd.testkit.RawNbdClient.READ;

import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kiobd.nbd.testkit.MemoryDevice;
import org.kiobd.nbd.testkit.RawNbdClient;
import org.kiobd.nbd.testkit.RawNbdClient.Request;
import org.kiobd.nbd.testkit.RunningServer;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.testkit.LeakCheck;

/** A client that asks for much and takes nothing, beside one that asks for little. */
@ExtendWith(LeakCheck.class)
@Timeout(60)
final class StalledClientTest {
    private static final int MIB = 1 << 20;
    private static final int LARGEST = 50 * MIB;

    /** One client may have all of the memory here; who does not take replies for a second has had its time. */
    private static final NbdLimits LIMITS = NbdLimits.DEFAULT.toBuilder()
            .maxConnections(24)
            .maxInFlight(4096, 1L << 30)
            .closeTimeoutMs(1_000)
            .build();

    @ParameterizedTest
    @EnumSource
    void isCutOffWhenOthersNeedItsMemory(IoEngine engine) throws IOException {
        try (RunningServer running = new RunningServer(engine, 2, new MemoryDevice(60 * MIB), LIMITS);
                RawNbdClient greedy = RawNbdClient.attach(running.tcp());
                RawNbdClient half = RawNbdClient.attach(running.tcp());
                RawNbdClient modest = RawNbdClient.attach(running.tcp())) {
            for (int i = 0; i < 4; i++) {
                greedy.send(Request.of(READ, i, 0, LARGEST));
            }
            half.send(Arrays.copyOf(Request.write(1, 0, new byte[LARGEST]).bytes(), 10_000));
            // All of these are answered; those for which not all the memory is there that they could use are why the
            // others go.
            while (running.server().connections() > 1) {
                assertThat(modest.call(Request.of(READ, 9, 0, LARGEST)).errno()).isZero();
            }
            assertThat(modest.call(Request.of(READ, 9, 0, LARGEST)).errno()).isZero();
        }
    }

    @Test
    void isLeftAloneWhileNobodyElseNeedsIt() throws IOException {
        try (RunningServer running = new RunningServer(IoEngine.NIO, 2, new MemoryDevice(60 * MIB), LIMITS);
                RawNbdClient slow = RawNbdClient.attach(running.tcp());
                RawNbdClient other = RawNbdClient.attach(running.tcp())) {
            for (int i = 0; i < 4; i++) {
                slow.send(Request.of(READ, i, 0, LARGEST));
            }
            // Well beyond the limit, in answers of another connection rather than in time slept away.
            long endNanos = System.nanoTime() + 3_000_000_000L;
            while (System.nanoTime() < endNanos) {
                assertThat(other.call(Request.of(3, 1, 0, 0)).errno()).isZero();
            }
            for (int i = 0; i < 4; i++) {
                assertThat(slow.readReply().errno()).isZero();
            }
        }
    }
}
