package org.kiobd.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kiobd.nbd.testkit.RawNbdClient.READ;
import static org.kiobd.nbd.testkit.RawNbdClient.WRITE;

import java.io.IOException;
import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.kiobd.nbd.testkit.MemoryDevice;
import org.kiobd.nbd.testkit.RawNbdClient;
import org.kiobd.nbd.testkit.RawNbdClient.Request;
import org.kiobd.nbd.testkit.RunningServer;
import org.kiobd.volume.kiobuf.Pipes;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.testkit.LeakCheck;

/** Payloads of large WRITEs that go from the socket into pipes; where the engine shows no descriptors, they are received as others are. */
@ParameterizedClass
@EnumSource(IoEngine.class)
@ExtendWith(LeakCheck.class)
@Timeout(60)
final class PipedReceiveTest {
    private static final int MIB = 1 << 20;
    private static final int SIZE_BYTES = 16 * MIB;
    private static final int PAGE = 4096;
    private static final int LARGE = 256 << 10;
    private static final int HEADER_BYTES = 28;
    private static final long SEED = 0x70697065L;

    private final IoEngine engine;
    private final MemoryDevice device = new MemoryDevice(SIZE_BYTES);
    private final byte[] expected = new byte[SIZE_BYTES];
    private final Random random = new Random(SEED);
    private final RunningServer running;

    PipedReceiveTest(IoEngine engine) throws IOException {
        this.engine = engine;
        device.takePipes();
        running = new RunningServer(engine, 1, device, NbdLimits.DEFAULT);
    }

    @AfterEach
    void close() throws IOException {
        running.close();
    }

    private List<URI> uris() {
        return List.of(running.tcp(), running.unix());
    }

    private Request write(long cookie, int offset, int length) {
        byte[] payload = new byte[length];
        random.nextBytes(payload);
        System.arraycopy(payload, 0, expected, offset, length);
        return Request.write(cookie, offset, payload);
    }

    private void assertPiped(int atLeast) {
        if (engine == IoEngine.NIO) {
            assertThat(device.pipedWrites()).isZero();
        } else {
            assertThat(device.pipedWrites()).isGreaterThanOrEqualTo(atLeast);
        }
    }

    /** Sends the header of a large WRITE, and waits until the server has seen it: what is in hand already is not put into a pipe. */
    private void sendHeaderAlone(RawNbdClient client, byte[] request) throws IOException {
        awaitPipes(0);
        client.send(Arrays.copyOf(request, HEADER_BYTES));
        awaitPipes(engine == IoEngine.NIO ? 0 : 1);
    }

    private static void awaitPipes(int inUse) {
        while (Pipes.inUse() != inUse) {
            LockSupport.parkNanos(1_000_000);
            assertThat(Thread.interrupted()).as("time is over").isFalse();
        }
    }

    private void assertContent() {
        assertThat(device.read(0, SIZE_BYTES)).isEqualTo(expected);
    }

    @Test
    void aLargePayloadIsPipedAndASmallOneIsNot() throws IOException {
        try (RawNbdClient client = RawNbdClient.attach(running.unix())) {
            assertThat(client.call(write(1, 0, PAGE)).errno()).isZero();
            assertThat(device.pipedWrites()).isZero();
            byte[] request = write(2, PAGE, LARGE).bytes();
            sendHeaderAlone(client, request);
            client.send(Arrays.copyOfRange(request, HEADER_BYTES, request.length));
            assertThat(client.readReply().errno()).isZero();
            assertPiped(1);
            assertContent();
        }
    }

    /** Every size on both sides of every limit, one behind the other, with what has no payload between them. */
    @Test
    void whatFollowsOneAnotherStaysApart() throws IOException {
        int[] lengths = {LARGE, PAGE, MIB, 512, 64 << 10, MIB + PAGE, 68 << 10, 100, 3 * MIB, 128 << 10, LARGE + 1, MIB
        };
        for (URI uri : uris()) {
            try (RawNbdClient client = RawNbdClient.attach(uri)) {
                long cookie = 0;
                int asked = 0;
                for (int i = 0; i < 60; i++) {
                    int length = lengths[random.nextInt(lengths.length)];
                    int offset = random.nextInt((SIZE_BYTES - length) / PAGE) * PAGE + (i % 7 == 0 ? 1 : 0);
                    client.send(write(cookie++, offset, length));
                    asked++;
                    if (i % 5 == 0) {
                        client.send(
                                Request.of(READ, cookie++, offset, 0), Request.of(RawNbdClient.FLUSH, cookie++, 0, 0));
                        asked += 2;
                    }
                    while (asked > 4) {
                        assertThat(client.readReply().errno()).isZero();
                        asked--;
                    }
                }
                for (; asked > 0; asked--) {
                    assertThat(client.readReply().errno()).isZero();
                }
                assertContent();
            }
        }
        assertPiped(1);
    }

    @Test
    void aPayloadMayComeInPiecesOfAnySize() throws IOException {
        for (URI uri : uris()) {
            try (RawNbdClient client = RawNbdClient.attach(uri)) {
                for (int i = 0; i < 8; i++) {
                    byte[] request = write(i, i * MIB, MIB - (i % 2) * 5 * PAGE).bytes();
                    int at = 0;
                    while (at < request.length) {
                        int count =
                                Math.min(request.length - at, 1 + random.nextInt(random.nextBoolean() ? 40 : 200_000));
                        client.send(Arrays.copyOfRange(request, at, at + count));
                        at += count;
                        if (random.nextInt(4) == 0) {
                            LockSupport.parkNanos(100_000);
                        }
                    }
                    assertThat(client.readReply().errno()).isZero();
                }
                assertContent();
            }
        }
        assertPiped(8);
    }

    /** Nothing waits on the loop for the rest of a payload: others of the loop are served meanwhile. */
    @Test
    void aClientThatStopsInTheMiddleHoldsNobodyUp() throws IOException {
        for (URI uri : uris()) {
            try (RawNbdClient slow = RawNbdClient.attach(uri);
                    RawNbdClient other = RawNbdClient.attach(uri)) {
                byte[] request = write(1, 0, LARGE).bytes();
                sendHeaderAlone(slow, request);
                int sent = HEADER_BYTES;
                for (int end : new int[] {HEADER_BYTES + 1, HEADER_BYTES + 1 + PAGE, 100_000}) {
                    slow.send(Arrays.copyOfRange(request, sent, end));
                    sent = end;
                    LockSupport.parkNanos(20_000_000);
                    assertThat(other.call(write(2, MIB, PAGE)).errno()).isZero();
                }
                slow.send(Arrays.copyOfRange(request, sent, request.length));
                assertThat(slow.readReply().errno()).isZero();
                assertContent();
            }
            boolean isTold = uri.equals(running.unix()) && engine != IoEngine.NIO;
            assertThat(device.slowWrites()).as("came slowly by %s", uri).isEqualTo(isTold ? 1 : 0);
        }
        assertPiped(2);
    }

    @Test
    void aClientThatGoesAwayInTheMiddleHasWrittenNothing() throws IOException {
        for (URI uri : uris()) {
            for (int sent : new int[] {0, 1, PAGE, 100_000, LARGE - 1}) {
                try (RawNbdClient client = RawNbdClient.attach(uri)) {
                    byte[] request = Request.write(1, 0, new byte[LARGE]).bytes();
                    Arrays.fill(request, HEADER_BYTES, request.length, (byte) 7);
                    sendHeaderAlone(client, request);
                    client.send(Arrays.copyOfRange(request, HEADER_BYTES, HEADER_BYTES + sent));
                }
            }
        }
        while (running.server().connections() > 0) {
            LockSupport.parkNanos(1_000_000);
        }
        assertThat(device.issued()).isZero();
        assertContent();
    }

    @Test
    void aPayloadThatIsRefusedIsThrownAway() throws IOException {
        try (RawNbdClient client = RawNbdClient.attach(running.tcp())) {
            for (int i = 0; i < 5; i++) {
                assertThat(client.call(Request.write(i, SIZE_BYTES - PAGE, new byte[LARGE]))
                                .errno())
                        .isPositive();
                assertThat(client.call(write(100 + i, i * MIB, LARGE)).errno()).isZero();
            }
            assertContent();
        }
    }

    /** Payloads wait in their pipes, and when there are no more of those in memory, until the device has room. */
    @Test
    void moreThanThereArePipesMayWait() throws IOException {
        device.stop();
        try (RawNbdClient client = RawNbdClient.attach(running.unix());
                RawNbdClient other = RawNbdClient.attach(running.unix())) {
            for (int i = 0; i < 48; i++) {
                client.send(write(i, i * LARGE, LARGE));
            }
            other.send(write(100, 15 * MIB, LARGE));
            device.go();
            for (int i = 0; i < 48; i++) {
                assertThat(client.readReply().errno()).isZero();
            }
            assertThat(other.readReply().errno()).isZero();
        }
        assertPiped(8);
        assertContent();
    }

    @Test
    void aMutationIsDurableWhereThatWasAsked() throws IOException {
        try (RawNbdClient client = RawNbdClient.attach(running.unix())) {
            client.send(write(1, 0, LARGE), write(2, MIB, LARGE).withFlags(RawNbdClient.FLAG_FUA));
            assertThat(client.readReply().errno()).isZero();
            assertThat(client.readReply().errno()).isZero();
            assertThat(device.durable()).isEqualTo(1);
            assertThat(client.call(Request.of(WRITE, 3, 0, 0)).errno()).isZero();
        }
    }
}
