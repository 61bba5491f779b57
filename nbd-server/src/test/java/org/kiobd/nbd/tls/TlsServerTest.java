package org.kiobd.nbd.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.nbd.NbdLimits;
import org.kiobd.nbd.testkit.MemoryDevice;
import org.kiobd.nbd.testkit.RawNbdClient;
import org.kiobd.nbd.testkit.RawNbdClient.Request;
import org.kiobd.nbd.testkit.RunningServer;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.testkit.LeakCheck;

/** TLS over real sockets, with the JDK's client at the other end: data, ends of every kind, and bytes that have no business there. */
@ExtendWith(LeakCheck.class)
@Timeout(120)
final class TlsServerTest {
    private static final int SIZE = 32 << 20;
    private static final int OPT_STRUCTURED_REPLY = 8;
    private static final int REP_ERR_UNKNOWN = 0x80000006;
    private static final int REP_ERR_INVALID = 0x80000003;
    private static final byte[] LIST = HexFormat.of().parseHex("49484156454f50540000000300000000");

    @TempDir
    private static Path folder;

    private static Holder server;
    private static Holder client1;
    private static Holder client2;

    @BeforeAll
    static void makeKeys() throws Exception {
        server = Holder.make(folder, "server", "EC", "-ext", "san=dns:localhost");
        client1 = Holder.make(folder, "client1", "EC");
        client2 = Holder.make(folder, "client2", "EC", "-ext", "san=dns:second.example");
    }

    private static RunningServer start(IoEngine engine, TlsPolicy policy) throws IOException {
        return new RunningServer(engine, 2, new MemoryDevice(SIZE), NbdLimits.DEFAULT, policy);
    }

    private static TlsPolicy policy(boolean verifyPeer) throws Exception {
        Path certificates = server.serverFolder(folder.resolve("for-client1"), client1);
        return TlsPolicy.of(TlsMode.REQUIRE, TlsCertificates.server(certificates, verifyPeer), Map.of());
    }

    private static RawNbdClient secured(RunningServer running, SSLContext context, String protocol) throws IOException {
        RawNbdClient client = RawNbdClient.connect(running.tcp());
        client.greet(3);
        client.startTls(context, protocol);
        return client;
    }

    private static RawNbdClient attached(RunningServer running, String protocol) throws Exception {
        RawNbdClient client = secured(running, server.trustedBy(client1), protocol);
        client.go("memory");
        return client;
    }

    private static void works(RawNbdClient client) throws IOException {
        assertThat(client.call(Request.of(RawNbdClient.READ, 77, 0, 4096)).errno())
                .isZero();
    }

    @ParameterizedTest
    @EnumSource(IoEngine.class)
    void largePayloadsGoThroughAndDiscIsAnsweredInOrder(IoEngine engine) throws Exception {
        byte[] data = new byte[8 << 20];
        new Random(0x746c7331).nextBytes(data);
        try (RunningServer running = start(engine, policy(true));
                RawNbdClient client = attached(running, "TLSv1.3")) {
            assertThat(client.call(Request.write(1, 12_345, data)).errno()).isZero();
            // More than sockets hold, so that the server has to wait for us with replies half sent.
            Request[] reads = new Request[9];
            for (int i = 0; i < 8; i++) {
                reads[i] = Request.of(RawNbdClient.READ, 100 + i, 12_345, data.length);
            }
            reads[8] = Request.of(RawNbdClient.DISC, 200, 0, 0);
            client.send(reads);
            Set<Long> answered = new TreeSet<>();
            for (int i = 0; i < 8; i++) {
                RawNbdClient.Reply reply = client.readReply();
                answered.add(reply.cookie());
                assertThat(reply.data()).isEqualTo(data);
            }
            assertThat(answered).hasSize(8);
            assertThat(client.isCutOff())
                    .as("close_notify behind the last reply")
                    .isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aCloseNotifyEndsTheConnectionThoughTheSocketStaysOpen(String protocol) throws Exception {
        try (RunningServer running = start(IoEngine.best(), policy(true));
                RawNbdClient inHandshake = secured(running, server.trustedBy(client1), protocol);
                RawNbdClient client = attached(running, protocol)) {
            works(client);
            client.shutdownOutput();
            assertThat(client.isSocketClosed()).isTrue();
            inHandshake.shutdownOutput();
            assertThat(inHandshake.isSocketClosed()).isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource({"TLSv1.2, true", "TLSv1.2, false", "TLSv1.3, true", "TLSv1.3, false"})
    void plainTextInTheMiddleOfTlsEndsTheConnection(String protocol, boolean inTransmission) throws Exception {
        try (RunningServer running = start(IoEngine.best(), policy(true));
                RawNbdClient bystander = attached(running, protocol);
                RawNbdClient client = inTransmission
                        ? attached(running, protocol)
                        : secured(running, server.trustedBy(client1), protocol)) {
            client.sendPlain(LIST);
            assertThat(client.isSocketClosed()).isTrue();
            works(bystander);
        }
    }

    @Test
    void plainTextBehindTheAcknowledgementIsNeverAnOption() throws Exception {
        try (RunningServer running = start(IoEngine.best(), policy(false));
                RawNbdClient client = RawNbdClient.connect(running.tcp())) {
            client.greet(3);
            client.option(RawNbdClient.OPT_STARTTLS, new byte[0]);
            assertThat(client.readOptionReply().type()).isEqualTo(RawNbdClient.REP_ACK);
            client.send(LIST);
            assertThat(client.isSocketClosed()).isTrue();
        }
    }

    @Test
    void whatWasAgreedOnInPlainTextIsForgotten() throws Exception {
        Path certificates = server.serverFolder(folder.resolve("forgets"), client1);
        TlsPolicy on = TlsPolicy.of(TlsMode.ON, TlsCertificates.server(certificates, false), Map.of());
        try (RunningServer running = start(IoEngine.best(), on);
                RawNbdClient client = RawNbdClient.connect(running.tcp())) {
            client.greet(3);
            client.option(OPT_STRUCTURED_REPLY, new byte[0]);
            assertThat(client.readOptionReply().type()).isEqualTo(RawNbdClient.REP_ACK);
            client.startTls(server.trustedBy(null), "TLSv1.3");
            client.option(RawNbdClient.OPT_STARTTLS, new byte[0]);
            assertThat(client.readOptionReply().type()).as("STARTTLS again").isEqualTo(REP_ERR_INVALID);
            client.go("memory");
            // A reply with the magic of simple replies, or the client throws.
            works(client);
        }
    }

    @Test
    void renegotiationIsRefused() throws Exception {
        try (RunningServer running = start(IoEngine.best(), policy(true));
                RawNbdClient bystander = attached(running, "TLSv1.2");
                RawNbdClient client = attached(running, "TLSv1.2")) {
            works(client);
            assertThatThrownBy(() -> {
                        client.renegotiate();
                        works(client);
                    })
                    .isInstanceOf(IOException.class);
            assertThat(client.isSocketClosed()).isTrue();
            works(bystander);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aClientWithoutATrustedCertificateGetsNothing(String protocol) throws Exception {
        try (RunningServer running = start(IoEngine.best(), policy(true))) {
            for (Holder shown : new Holder[] {null, client2}) {
                assertThatThrownBy(() -> {
                            try (RawNbdClient client = secured(running, server.trustedBy(shown), protocol)) {
                                // TLS 1.3 clients learn of it with the first answer only.
                                client.go("memory");
                            }
                        })
                        .isInstanceOf(IOException.class);
            }
            try (RawNbdClient client = attached(running, protocol)) {
                works(client);
            }
        }
    }

    @Test
    void anExportIsForTheNamesItLists() throws Exception {
        Path certificates = server.serverFolder(folder.resolve("for-client2"), client2);
        for (String name : new String[] {"client2", "second.example", "client1", "CLIENT2", "second.example.evil"}) {
            TlsPolicy policy = TlsPolicy.of(
                    TlsMode.REQUIRE, TlsCertificates.server(certificates, true), Map.of("memory", Set.of(name)));
            boolean allowed = name.equals("client2") || name.equals("second.example");
            try (RunningServer running = start(IoEngine.best(), policy);
                    RawNbdClient client = secured(running, server.trustedBy(client2), "TLSv1.3")) {
                client.option(RawNbdClient.OPT_LIST, new byte[0]);
                RawNbdClient.OptionReply first = client.readOptionReply();
                assertThat(first.type() == RawNbdClient.REP_ACK)
                        .as("%s: nothing is listed", name)
                        .isEqualTo(!allowed);
                if (allowed) {
                    client.readOptionReply();
                    client.go("");
                    works(client);
                } else {
                    // By its name, and as the default.
                    for (String asked : new String[] {"00000006" + "6d656d6f7279" + "0000", "00000000" + "0000"}) {
                        client.option(RawNbdClient.OPT_GO, HexFormat.of().parseHex(asked));
                        assertThat(client.readOptionReply().type()).as(name).isEqualTo(REP_ERR_UNKNOWN);
                    }
                }
            }
        }
    }
}
