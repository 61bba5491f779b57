package org.kiobd.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kiobd.nbd.testkit.RawNbdClient.DISC;
import static org.kiobd.nbd.testkit.RawNbdClient.READ;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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
import org.kiobd.volume.testkit.LeakCheck;

/**
 * A loop that stood still while a client sent a write, went away, and wrote something newer through another loop, must not execute
 * the old write when it goes on. Not on NIO, whose sockets cannot be asked (see {@code PeerHangup}).
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
        try (RunningServer running = new RunningServer(engine, 2, new MemoryDevice(1 << 20), NbdLimits.DEFAULT)) {
            List<RawNbdClient> clients = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                clients.add(RawNbdClient.attach(running.unix()));
            }
            CountDownLatch standing = new CountDownLatch(1);
            CountDownLatch goOn = new CountDownLatch(1);
            running.loops().all().get(0).execute(() -> {
                standing.countDown();
                awaitUninterruptibly(goOn);
            });
            standing.await();
            // Connections go round the loops: of four two are on the loop that runs, and these answer.
            List<RawNbdClient> answered = new ArrayList<>();
            List<Thread> readers = new ArrayList<>();
            for (RawNbdClient client : clients) {
                readers.add(read(client, answered));
            }
            RawNbdClient b;
            synchronized (answered) {
                while (answered.size() < 2) {
                    answered.wait();
                }
                b = answered.get(0);
            }
            RawNbdClient a = clients.stream()
                    .filter(client -> !isIn(answered, client))
                    .findFirst()
                    .orElseThrow();
            a.send(
                    disc
                            ? new Request[] {Request.write(2, 0, filled(1)), Request.of(DISC, 3, 0, 0)}
                            : new Request[] {Request.write(2, 0, filled(1))});
            a.close();
            if (!disc) {
                assertThat(b.call(Request.write(4, 0, filled(1))).errno()).isZero();
                assertThat(b.call(Request.write(5, 0, filled(2))).errno()).isZero();
            }
            goOn.countDown();
            Export export = running.exports().find("memory");
            while (export == null || export.figures().connections() > 3) {
                Thread.onSpinWait();
            }
            assertThat(b.call(Request.of(READ, 6, 0, 4096)).data()[0]).isEqualTo((byte) (disc ? 1 : 2));
            for (RawNbdClient client : clients) {
                client.close();
            }
            for (Thread reader : readers) {
                reader.join();
            }
        }
    }

    private static boolean isIn(List<RawNbdClient> answered, RawNbdClient client) {
        synchronized (answered) {
            return answered.contains(client);
        }
    }

    private static Thread read(RawNbdClient client, List<RawNbdClient> answered) {
        Thread reader = new Thread(() -> {
            try {
                client.call(Request.of(READ, 1, 0, 1));
                synchronized (answered) {
                    answered.add(client);
                    answered.notifyAll();
                }
            } catch (IOException e) {
                // The one that goes away gets no answer.
            }
        });
        reader.start();
        return reader;
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
