package org.kiobd.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kiobd.nbd.testkit.RawNbdClient.READ;

import java.io.IOException;
import java.util.Arrays;
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

/** A client that has lost its connection, and sends what was not answered again on another one. */
@ExtendWith(LeakCheck.class)
@Timeout(60)
final class LostConnectionTest {
    private static final int SIZE_BYTES = 1 << 20;
    private static final int PAGE = 4096;
    private static final int TURNS = 100;

    private static byte[] page(char content) {
        byte[] page = new byte[PAGE];
        Arrays.fill(page, (byte) content);
        return page;
    }

    /** Lets the loop, which all connections share, run many times. The device has no part in these answers. */
    private static void letTheLoopRun(RawNbdClient client) throws IOException {
        for (int i = 0; i < TURNS; i++) {
            assertThat(client.call(Request.of(READ, i, SIZE_BYTES, PAGE)).errno())
                    .isNotZero();
        }
    }

    /** Closes a connection when the first of its requests was issued. */
    private static void goAwayAfter(RunningServer running, Request... requests) throws IOException {
        try (RawNbdClient client = RawNbdClient.attach(running.unix())) {
            client.send(requests);
            while (running.device().issued() == 0) {
                Thread.onSpinWait();
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatItBeganEndsBeforeTheNextConnectionBegins(IoEngine engine) throws IOException {
        play(engine, 1);
    }

    /** The next connection may have another loop. */
    @ParameterizedTest
    @EnumSource
    void alsoOnAnotherLoop(IoEngine engine) throws IOException {
        play(engine, 2);
    }

    private static void play(IoEngine engine, int loops) throws IOException {
        MemoryDevice device = new MemoryDevice(SIZE_BYTES);
        try (RunningServer running = new RunningServer(engine, loops, device, NbdLimits.DEFAULT);
                RawNbdClient other = RawNbdClient.attach(running.tcp());
                RawNbdClient another = RawNbdClient.attach(running.tcp())) {
            device.hold();
            goAwayAfter(running, Request.write(1, 0, page('a')));
            letTheLoopRun(other);
            letTheLoopRun(another);
            try (RawNbdClient second = RawNbdClient.attach(running.unix())) {
                second.send(Request.write(2, 0, page('b')));
                letTheLoopRun(other);
                letTheLoopRun(another);
                assertThat(device.read(0, PAGE)).isEqualTo(page('a'));
                device.release();
                assertThat(second.readReply().errno()).isZero();
                assertThat(device.read(0, PAGE)).isEqualTo(page('b'));
            }
        }
    }

    /** Who waits, and goes away, is forgotten. */
    @ParameterizedTest
    @EnumSource
    void whoGoesAwayMeanwhileIsNoLongerThere(IoEngine engine) throws IOException {
        MemoryDevice device = new MemoryDevice(SIZE_BYTES);
        try (RunningServer running = new RunningServer(engine, 1, device, NbdLimits.DEFAULT)) {
            device.hold();
            goAwayAfter(running, Request.write(1, 0, page('a')));
            for (int i = 0; i < 5; i++) {
                RawNbdClient.attach(running.unix()).close();
            }
            while (running.server().connections() > 1) {
                Thread.onSpinWait();
            }
            device.release();
            while (running.server().connections() > 0) {
                Thread.onSpinWait();
            }
            assertThat(device.issued()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void whoHasDisconnectedHoldsNobodyUp(IoEngine engine) throws IOException {
        MemoryDevice device = new MemoryDevice(SIZE_BYTES);
        try (RunningServer running = new RunningServer(engine, 1, device, NbdLimits.DEFAULT)) {
            device.hold();
            goAwayAfter(running, Request.write(1, 0, page('a')), Request.of(RawNbdClient.DISC, 2, 0, 0));
            try (RawNbdClient second = RawNbdClient.attach(running.unix())) {
                second.send(Request.write(2, PAGE, page('b')));
                while (device.issued() == 1) {
                    Thread.onSpinWait();
                }
                device.release();
                assertThat(second.readReply().errno()).isZero();
            }
        }
    }
}
