package org.kiobd.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.nbd.NbdLimits;
import org.kiobd.nbd.client.NbdUri;
import org.kiobd.nbd.client.SocketHandshake;
import org.kiobd.nbd.testkit.MemoryDevice;
import org.kiobd.nbd.testkit.RunningServer;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.testkit.LeakCheck;

/** Connections for the kernel, to a real server. */
@ExtendWith(LeakCheck.class)
@Timeout(60)
final class ServerLinkTest {
    private static final int SIZE_BYTES = 1 << 20;
    private static final int TIMEOUT_MS = 5_000;
    private static final int REQUEST_BYTES = 28;
    private static final int REPLY_BYTES = 16;
    private static final int REQUEST_MAGIC = 0x25609513;
    private static final int REPLY_MAGIC = 0x67446698;
    private static final long COOKIE = 0x1234_5678_9ABCL;

    private final RunningServer running;

    ServerLinkTest() throws IOException {
        running = new RunningServer(IoEngine.NIO, 1, new MemoryDevice(SIZE_BYTES), NbdLimits.DEFAULT);
    }

    @AfterEach
    void stop() throws IOException {
        running.close();
    }

    private URI uri(boolean unix) {
        return unix ? running.unix() : running.tcp();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void connectionsAreReadyForTheKernel(boolean unix) throws IOException {
        String uri = uri(unix).toString();
        try (ServerLink link = ServerLink.dial(List.of(uri), 2, TIMEOUT_MS)) {
            assertThat(link.uri()).isEqualTo(uri);
            assertThat(link.export().sizeBytes()).isEqualTo(SIZE_BYTES);
            assertThat(link.descriptors()).hasSize(2).doesNotHaveDuplicates();
        }
        assertThat(ServerLink.info(List.of(uri), TIMEOUT_MS).sizeBytes()).isEqualTo(SIZE_BYTES);
    }

    /** What a kernel would do next: a READ, and its simple reply. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void requestsAreAnsweredAfterTheHandshake(boolean unix) throws IOException {
        NbdUri uri = NbdUri.parse(uri(unix).toString());
        try (ClientSocket socket = ClientSocket.connect(uri, TIMEOUT_MS)) {
            SocketHandshake.enter(uri, socket);
            ByteBuffer request = ByteBuffer.allocate(REQUEST_BYTES);
            request.putInt(REQUEST_MAGIC)
                    .putInt(0)
                    .putLong(COOKIE)
                    .putLong(4096)
                    .putInt(8192);
            request.flip();
            while (request.hasRemaining()) {
                socket.write(request);
            }
            ByteBuffer reply = ByteBuffer.allocate(REPLY_BYTES + 8192);
            while (reply.hasRemaining()) {
                assertThat(socket.read(reply)).isPositive();
            }
            reply.flip();
            assertThat(reply.getInt()).isEqualTo(REPLY_MAGIC);
            assertThat(reply.getInt()).as("error").isZero();
            assertThat(reply.getLong()).isEqualTo(COOKIE);
        }
    }

    @Test
    void theFirstServerThatAnswersIsTaken() throws IOException {
        String good = running.tcp().toString();
        try (ServerLink link = ServerLink.dial(List.of("nbd+unix:///memory?socket=/nowhere/s", good), 1, TIMEOUT_MS)) {
            assertThat(link.uri()).isEqualTo(good);
        }
    }

    @Test
    void whyNoServerWasTakenIsSaidOfEach() {
        String other = running.tcp().toString().replace("memory", "other");
        assertThatThrownBy(() -> ServerLink.dial(List.of("nbd+unix:///memory?socket=/nowhere/s", other), 1, TIMEOUT_MS))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("/nowhere/s")
                .hasMessageContaining("No such file")
                .hasMessageContaining("other");
    }

    @Test
    void aServerThatSaysNothingIsGivenUp() throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String uri = "nbd://127.0.0.1:" + silent.getLocalPort() + "/x";
            assertThatThrownBy(() -> ServerLink.dial(List.of(uri), 1, 200))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("no answer in time");
        }
    }
}
