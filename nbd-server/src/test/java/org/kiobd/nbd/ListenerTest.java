package org.kiobd.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kiobd.nbd.client.NbdUri;
import org.kiobd.nbd.testkit.MemoryDevice;
import org.kiobd.nbd.testkit.RawNbdClient;
import org.kiobd.nbd.testkit.RunningServer;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.testkit.Seeded;

@Timeout(60)
final class ListenerTest {
    private static final String ODD = " &?#%+=;:@~'\"\\<>[]{}|^`$!*(),\u00e4\u20ac\u65e5";

    private static RunningServer start(IoEngine engine) throws IOException {
        return new RunningServer(engine, 1, new MemoryDevice(1 << 20), NbdLimits.DEFAULT);
    }

    private static void reach(String address, int port) throws IOException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getByName(address), port));
            // The greeting of this server, not of whoever has the port in the other family.
            assertThat(socket.getInputStream().readNBytes(8)).asString().isEqualTo("NBDMAGIC");
        }
    }

    @ParameterizedTest
    @EnumSource(IoEngine.class)
    void theFamilyThatWasAskedForAndNoOther(IoEngine engine) throws IOException {
        try (RunningServer running = start(engine)) {
            for (String host : new String[] {"0.0.0.0", "127.0.0.1"}) {
                Listener v4 = running.server().listenTcp(host, 0);
                reach("127.0.0.1", v4.port());
                assertThatThrownBy(() -> reach("::1", v4.port())).isInstanceOf(ConnectException.class);
                assertThat(v4.uri("memory")).hasToString("nbd://" + host + ":" + v4.port() + "/memory");
                assertThat(v4.isPublic()).isEqualTo(host.equals("0.0.0.0"));
            }
            Listener both = running.server().listenTcp("::", 0);
            reach("::1", both.port());
            reach("127.0.0.1", both.port());
            assertThat(both.uri("memory")).hasToString("nbd://[::]:" + both.port() + "/memory");
            Listener v6 = running.server().listenTcp("::1", 0);
            reach("::1", v6.port());
            assertThatThrownBy(() -> reach("127.0.0.1", v6.port())).isInstanceOf(ConnectException.class);
        }
    }

    @ParameterizedTest
    @EnumSource(IoEngine.class)
    void aNameIsEveryAddressItStandsForOnOnePort(IoEngine engine) throws IOException {
        try (RunningServer running = start(engine)) {
            Listener listener = running.server().listenTcp("localhost", 0);
            for (InetAddress address : InetAddress.getAllByName("localhost")) {
                reach(address.getHostAddress(), listener.port());
            }
            assertThat(listener.uri("memory")).hasToString("nbd://localhost:" + listener.port() + "/memory");
            assertThat(listener.isPublic()).isFalse();
            assertThatThrownBy(() -> running.server().listenTcp("localhost", listener.port()))
                    .hasMessageContaining(":" + listener.port());
        }
    }

    @Test
    void whatIsNoSocketOrIsAliveIsLeftAlone() throws IOException {
        Path folder = Files.createTempDirectory("nbd");
        try (RunningServer running = start(IoEngine.best())) {
            Path link = Files.createSymbolicLink(folder.resolve("link"), folder.resolve("nothing"));
            Path device = Files.createSymbolicLink(folder.resolve("device"), Path.of("/dev/null"));
            Path pipe = folder.resolve("pipe");
            assertThat(new ProcessBuilder("mkfifo", pipe.toString())
                            .start()
                            .onExit()
                            .join()
                            .exitValue())
                    .isZero();
            for (Path other : new Path[] {folder, link, device, pipe}) {
                assertThatThrownBy(() -> running.server().listenUnix(other)).hasMessageContaining("not a socket");
                assertThat(Files.exists(other, java.nio.file.LinkOption.NOFOLLOW_LINKS))
                        .isTrue();
            }
            Listener alive = running.server().listenUnix(folder.resolve("alive"));
            assertThatThrownBy(() -> running.server().listenUnix(folder.resolve("alive")))
                    .hasMessageContaining("another server listens there");
            RawNbdClient.attach(alive.uri("memory")).close();
            for (Path made : new Path[] {link, device, pipe}) {
                Files.delete(made);
            }
        }
        Files.delete(folder);
    }

    @Seeded(rounds = 5)
    void whateverIsInANameOrAPathAClientFindsItByTheUri(Random random) throws IOException {
        Path folder = Files.createTempDirectory("nbd");
        try (RunningServer running = start(IoEngine.NIO)) {
            for (int i = 0; i < 10; i++) {
                // The number keeps two of them apart.
                Path path = folder.resolve("s" + i + odd(random));
                URI uri = running.server().listenUnix(path).uri("memory");
                NbdUri parsed = NbdUri.parse(uri.toString());
                assertThat(parsed.socket()).isEqualTo(path);
                assertThat(parsed.exportName()).isEqualTo("memory");
                assertThat(uri.toString()).matches("[A-Za-z0-9+:/?=%._~@-]+");
                String name = odd(random);
                Listener tcp = running.server().listenTcp("127.0.0.1", 0);
                assertThat(NbdUri.parse(tcp.uri(name).toString()).exportName()).isEqualTo(name);
            }
        }
        Files.delete(folder);
    }

    private static String odd(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = 1 + random.nextInt(8); i > 0; i--) {
            text.append(ODD.charAt(random.nextInt(ODD.length())));
        }
        return text.toString();
    }
}
