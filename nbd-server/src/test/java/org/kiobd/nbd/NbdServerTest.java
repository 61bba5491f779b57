package org.kiobd.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.kiobd.nbd.testkit.RawNbdClient.DISC;
import static org.kiobd.nbd.testkit.RawNbdClient.FLUSH;
import static org.kiobd.nbd.testkit.RawNbdClient.READ;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.kiobd.nbd.testkit.MemoryDevice;
import org.kiobd.nbd.testkit.RawNbdClient;
import org.kiobd.nbd.testkit.RawNbdClient.Reply;
import org.kiobd.nbd.testkit.RawNbdClient.Request;
import org.kiobd.nbd.testkit.RunningServer;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.testkit.LeakCheck;
import org.kiobd.volume.testkit.TestLoops;

/** The server on real sockets. */
@ParameterizedClass
@EnumSource(IoEngine.class)
@ExtendWith(LeakCheck.class)
@Timeout(60)
final class NbdServerTest {
    private static final int MIB = 1 << 20;

    private final RunningServer running;

    NbdServerTest(IoEngine engine) throws IOException {
        NbdLimits limits = NbdLimits.DEFAULT.toBuilder()
                .options(64 << 10, 64)
                .maxConnections(24)
                .closeTimeoutMs(10_000)
                .build();
        running = new RunningServer(engine, 2, new MemoryDevice(80 * MIB), limits);
    }

    private List<RawNbdClient> bystanders = new ArrayList<>();

    @BeforeEach
    void attachBystanders() throws IOException {
        bystanders.add(RawNbdClient.attach(running.tcp()));
        bystanders.add(RawNbdClient.attach(running.unix()));
    }

    @AfterEach
    void bystandersNoticeNothing() throws IOException {
        for (RawNbdClient bystander : bystanders) {
            assertThat(bystander.call(Request.of(FLUSH, 77, 0, 0)).errno()).isZero();
            bystander.close();
        }
        running.close();
    }

    private List<URI> uris() {
        return List.of(running.tcp(), running.unix());
    }

    private static byte[] pattern(int length, int seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    @Test
    void requestsOfAllSizesComeBackAsWritten() throws IOException {
        for (URI uri : uris()) {
            try (RawNbdClient client = RawNbdClient.attach(uri)) {
                assertThat(client.sizeBytes()).isEqualTo(80L * MIB);
                for (int length : new int[] {1, 511, 4096, 65_535, 65_536, 1_000_001, 48 * MIB, 64 * MIB}) {
                    byte[] payload = pattern(length, length);
                    assertThat(client.call(Request.write(1, 3, payload)).errno())
                            .isZero();
                    assertThat(client.call(Request.of(READ, 2, 3, length)).data())
                            .isEqualTo(payload);
                }
            }
        }
    }

    @Test
    void i1_manyRequestsInOneWriteAreAllAnswered() throws IOException {
        for (URI uri : uris()) {
            try (RawNbdClient client = RawNbdClient.attach(uri)) {
                Request[] writes = new Request[256];
                for (int i = 0; i < writes.length; i++) {
                    writes[i] = Request.write(i, i * 4096L, pattern(4096, i));
                }
                client.send(writes);
                boolean[] answered = new boolean[writes.length];
                for (int i = 0; i < writes.length; i++) {
                    Reply reply = client.readReply();
                    assertThat(reply.errno()).isZero();
                    assertThat(answered[(int) reply.cookie()]).isFalse();
                    answered[(int) reply.cookie()] = true;
                }
            }
            for (int i = 0; i < 256; i++) {
                assertThat(running.device().read(i * 4096, 4096)).isEqualTo(pattern(4096, i));
            }
        }
    }

    @Test
    void i1_whatWasSentBeforeDiscIsFinishedAndAnswered() throws IOException {
        for (URI uri : uris()) {
            try (RawNbdClient client = RawNbdClient.attach(uri)) {
                Request[] requests = new Request[9];
                for (int i = 0; i < 8; i++) {
                    requests[i] = Request.write(i, i * 512L, pattern(512, i));
                }
                requests[8] = Request.of(DISC, 8, 0, 0);
                client.send(requests);
                for (int i = 0; i < 8; i++) {
                    assertThat(client.readReply().errno()).isZero();
                }
                assertThat(client.isCutOff()).isTrue();
            }
        }
    }

    @Test
    void garbageCostsItsSenderTheConnection() throws IOException {
        for (URI uri : uris()) {
            try (RawNbdClient client = RawNbdClient.connect(uri)) {
                client.receive(18);
                client.send("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                assertThat(client.isCutOff()).isTrue();
            }
            try (RawNbdClient client = RawNbdClient.attach(uri)) {
                client.send(pattern(1000, 5));
                assertThat(client.isCutOff()).isTrue();
            }
            try (RawNbdClient client = RawNbdClient.connect(uri)) {
                client.greet(3);
                client.option(RawNbdClient.OPT_GO, -1, new byte[100]);
                assertThat(client.readOptionReply().type()).isEqualTo(0x80000009);
                assertThat(client.isCutOff()).isTrue();
            }
        }
    }

    @Test
    void aClientThatAsksAndNeverReadsHarmsNobody() throws IOException {
        for (URI uri : uris()) {
            try (RawNbdClient client = RawNbdClient.attach(uri)) {
                for (int i = 0; i < 100; i++) {
                    client.send(Request.of(READ, i, 0, 8 * MIB));
                }
                for (RawNbdClient bystander : bystanders) {
                    assertThat(bystander.call(Request.of(READ, 1, 0, MIB)).errno())
                            .isZero();
                }
            }
        }
    }

    @Test
    void aClientThatGoesAwayInALargeWriteHarmsNobody() throws IOException {
        for (URI uri : uris()) {
            for (int i = 0; i < 5; i++) {
                try (RawNbdClient client = RawNbdClient.attach(uri)) {
                    byte[] write = Request.write(1, 0, new byte[40 * MIB]).bytes();
                    client.send(Arrays.copyOf(write, 3 * MIB));
                }
            }
        }
        assertThat(bystanders.get(0).call(Request.of(READ, 1, 0, 64 * MIB)).errno())
                .isZero();
    }

    @Test
    void aClientTooManyIsTurnedAway() throws IOException {
        List<RawNbdClient> clients = new ArrayList<>();
        for (int i = 0; i < 22; i++) {
            clients.add(RawNbdClient.attach(running.unix()));
        }
        try (RawNbdClient oneTooMany = RawNbdClient.connect(running.unix())) {
            oneTooMany.greet(3);
            oneTooMany.option(RawNbdClient.OPT_GO, new byte[6]);
            assertThat(new String(oneTooMany.readOptionReply().data(), StandardCharsets.UTF_8))
                    .isEqualTo("too many connections: maxConnections=24");
            assertThat(oneTooMany.isCutOff()).isTrue();
        }
        for (RawNbdClient client : clients) {
            client.send(Request.of(DISC, 1, 0, 0));
            assertThat(client.isCutOff()).isTrue();
            client.close();
        }
    }

    @Test
    void whatWaitsIsDroppedWhenItsClientGoesAway() throws IOException {
        // X is held up on connection A, A is cut, X comes again on B, newer Y on B; a read gives Y.
        byte[] x = pattern(4096, 1);
        byte[] y = pattern(4096, 2);
        running.device().stop();
        Export export = export();
        try (RawNbdClient a = RawNbdClient.attach(running.unix())) {
            a.send(Request.write(1, 0, x));
            await(() -> export.figures().requests() == 1);
        }
        await(() -> export.figures().connections() == bystanders.size());
        running.device().go();
        try (RawNbdClient b = RawNbdClient.attach(running.tcp())) {
            assertThat(b.call(Request.write(2, 0, x)).errno()).isZero();
            assertThat(b.call(Request.write(3, 0, y)).errno()).isZero();
            assertThat(b.call(Request.of(READ, 4, 0, 4096)).data()).isEqualTo(y);
        }
        assertThat(running.device().issued()).isEqualTo(3);
        assertThat(running.device().read(0, 4096)).isEqualTo(y);
    }

    @Test
    void i1_anExportThatIsRemovedFinishesWhatItAccepted() throws Exception {
        running.device().hold();
        try (RawNbdClient client = RawNbdClient.attach(running.tcp())) {
            client.send(Request.write(1, 0, pattern(4096, 1)));
            await(() -> running.device().issued() == 1);
            Export export = export();
            var ended = running.exports().remove("memory").toCompletableFuture();
            assertThat(ended).isNotDone();
            running.device().release();
            assertThat(client.readReply().errno()).isZero();
            assertThat(client.isCutOff()).isTrue();
            TestLoops.await(ended.thenApply(nothing -> true));
            assertThat(export.figures().connections()).isZero();
        }
        try (RawNbdClient late = RawNbdClient.connect(running.tcp())) {
            late.greet(3);
            assertThatThrownBy(() -> late.go("memory")).isInstanceOf(IOException.class);
        }
        for (RawNbdClient bystander : bystanders) {
            assertThat(bystander.isCutOff()).isTrue();
            bystander.close();
        }
        bystanders = List.of();
    }

    @Test
    void i1_aShutdownFinishesWhatWasAccepted() throws Exception {
        running.device().hold();
        try (RawNbdClient client = RawNbdClient.attach(running.unix());
                RawNbdClient halfOpen = RawNbdClient.connect(running.tcp())) {
            client.send(Request.write(1, 0, pattern(4096, 1)), Request.of(FLUSH, 2, 0, 0));
            await(() -> running.device().issued() == 2);
            CountDownLatch closed = new CountDownLatch(1);
            Thread closing = new Thread(() -> {
                running.server().close();
                closed.countDown();
            });
            closing.start();
            await(() -> running.server().listeners().isEmpty());
            running.device().release();
            assertThat(client.readReply().errno()).isZero();
            assertThat(client.readReply().errno()).isZero();
            assertThat(client.isCutOff()).isTrue();
            halfOpen.receive(18);
            assertThat(halfOpen.isCutOff()).isTrue();
            closed.await();
        }
        bystanders.clear();
    }

    @Test
    void anAddressInUseIsOneLine() {
        int port = running.tcp().getPort();
        assertThatThrownBy(() -> running.server().listenTcp("127.0.0.1", port))
                .isInstanceOf(BlockIoException.class)
                .hasMessageContaining("127.0.0.1:" + port)
                .hasMessageNotContaining("\n");
        Path socket = Path.of(running.unix().getQuery().substring("socket=".length()));
        assertThatThrownBy(() -> running.server().listenUnix(socket))
                .isInstanceOf(BlockIoException.class)
                .hasMessageContaining("another server listens there");
    }

    @Test
    void aSocketFileWithoutAServerIsReplacedAndAnotherFileIsNot() throws IOException {
        Path folder = Files.createTempDirectory("nbd");
        Path stale = folder.resolve("stale");
        try (java.nio.channels.ServerSocketChannel dead =
                java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX)) {
            dead.bind(java.net.UnixDomainSocketAddress.of(stale));
        }
        assertThat(stale).exists();
        URI uri = running.server().listenUnix(stale).uri("memory");
        try (RawNbdClient client = RawNbdClient.attach(uri)) {
            assertThat(client.call(Request.of(READ, 1, 0, 1)).errno()).isZero();
        }
        Path document = Files.writeString(folder.resolve("document"), "precious");
        assertThatThrownBy(() -> running.server().listenUnix(document)).hasMessageContaining("not a socket");
        assertThat(document).hasContent("precious");
        Files.delete(document);
        for (RawNbdClient bystander : bystanders) {
            bystander.close();
        }
        bystanders.clear();
        running.server().close();
        assertThat(stale).doesNotExist();
        Files.delete(folder);
    }

    private Export export() {
        Export export = running.exports().find("memory");
        if (export == null) {
            throw new AssertionError("not served");
        }
        return export;
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    /** Bounded by the class's timeout. */
    private static void await(Condition condition) {
        try {
            while (!condition.holds()) {
                Thread.onSpinWait();
            }
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
