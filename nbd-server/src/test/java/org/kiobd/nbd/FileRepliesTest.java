package org.kiobd.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.kiobd.nbd.testkit.RawNbdClient.DISC;
import static org.kiobd.nbd.testkit.RawNbdClient.READ;

import io.netty.buffer.ByteBufUtil;
import java.io.EOFException;
import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.kiobd.nbd.client.NbdClient;
import org.kiobd.nbd.client.NbdClientOptions;
import org.kiobd.nbd.client.NbdConnector;
import org.kiobd.nbd.client.NbdUri;
import org.kiobd.nbd.client.ReadReply;
import org.kiobd.nbd.testkit.MemoryDevice;
import org.kiobd.nbd.testkit.RawNbdClient;
import org.kiobd.nbd.testkit.RawNbdClient.Reply;
import org.kiobd.nbd.testkit.RawNbdClient.Request;
import org.kiobd.nbd.testkit.RunningServer;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.testkit.Descriptor;
import org.kiobd.volume.testkit.LeakCheck;

/** Replies whose data stand in a file and go to the socket from there; where the engine shows no descriptors, they are copied. */
@ParameterizedClass
@EnumSource(IoEngine.class)
@ExtendWith(LeakCheck.class)
@Timeout(60)
final class FileRepliesTest {
    private static final int MIB = 1 << 20;
    private static final int SIZE_BYTES = 16 * MIB;
    private static final int LARGE = 256 << 10;
    private static final long SEED = 0x66696c65L;

    @TempDir
    private Path folder;

    private final IoEngine engine;
    private final byte[] content = new byte[SIZE_BYTES];
    private final MemoryDevice device = new MemoryDevice(SIZE_BYTES);
    private final RunningServer running;
    private Descriptor descriptor;

    FileRepliesTest(IoEngine engine) throws IOException {
        this.engine = engine;
        running = new RunningServer(engine, 1, device, NbdLimits.DEFAULT);
    }

    @BeforeEach
    void openFile() throws IOException {
        new Random(SEED).nextBytes(content);
        descriptor = Descriptor.open(Files.write(folder.resolve("file"), content), Descriptor.O_RDONLY);
        device.readFrom(descriptor.fd());
    }

    @AfterEach
    void closeAll() throws IOException {
        running.close();
        descriptor.close();
    }

    private byte[] expected(long offset, int length) {
        return Arrays.copyOfRange(content, (int) offset, (int) offset + length);
    }

    private List<URI> uris() {
        return List.of(running.tcp(), running.unix());
    }

    private boolean sendsFiles() {
        return engine != IoEngine.NIO;
    }

    @Test
    void onlyLargeReadsComeFromTheFile() throws IOException {
        try (RawNbdClient client = RawNbdClient.attach(running.unix())) {
            // The device's own memory holds zeros.
            assertThat(client.call(Request.of(READ, 1, 0, 4096)).data()).containsOnly(0);
            assertThat(device.fileReads()).isZero();
            byte[] large = client.call(Request.of(READ, 2, 4096, LARGE)).data();
            assertThat(device.fileReads()).isEqualTo(sendsFiles() ? 1 : 0);
            assertThat(large).isEqualTo(sendsFiles() ? expected(4096, LARGE) : new byte[LARGE]);
        }
    }

    /** More than any socket takes at once, small replies in between, and a client that reads late. */
    @Test
    void whatDoesNotFitIntoTheSocketFollows() throws IOException {
        Random random = new Random(SEED + 1);
        for (URI uri : uris()) {
            try (RawNbdClient client = RawNbdClient.attach(uri)) {
                Map<Long, Request> asked = new HashMap<>();
                for (int i = 0; i < 60; i++) {
                    int length = i % 4 == 0 ? 512 : 1 + random.nextInt(3 * MIB);
                    Request request = Request.of(READ, i, random.nextInt(SIZE_BYTES - length), length);
                    asked.put((long) i, request);
                    client.send(request);
                }
                while (!asked.isEmpty()) {
                    Reply reply = client.readReply();
                    Request request = asked.remove(reply.cookie());
                    assertThat(request).isNotNull();
                    assertThat(reply.errno()).isZero();
                    if (sendsFiles() && request.length() >= LARGE) {
                        assertThat(reply.data()).isEqualTo(expected(request.offset(), request.length()));
                    }
                }
            }
        }
    }

    @Test
    void everyStyleOfReplyCarriesIt() {
        for (HeaderStyle style : HeaderStyle.values()) {
            for (URI uri : uris()) {
                NbdClient client = connect(uri, style);
                List<CompletableFuture<ReadReply>> replies = new ArrayList<>();
                for (int i = 0; i < 8; i++) {
                    replies.add(client.read(i * 1000L, MIB, 0));
                }
                for (int i = 0; i < 8; i++) {
                    try (ReadReply reply = get(replies.get(i))) {
                        byte[] data = ByteBufUtil.getBytes(reply.bytes());
                        assertThat(data).isEqualTo(sendsFiles() ? expected(i * 1000L, MIB) : new byte[MIB]);
                    }
                }
                get(client.disconnect());
            }
        }
        assertThat(device.fileReads()).isEqualTo(sendsFiles() ? 48 : 0);
    }

    private NbdClient connect(URI uri, HeaderStyle style) {
        NbdClientOptions options = NbdClientOptions.DEFAULT.withBestStyle(style);
        NbdClient client = get(new NbdConnector(running.loops(), NbdUri.parse(uri.toString()), options).connect());
        assertThat(client.style()).isEqualTo(style);
        return client;
    }

    private static <T> T get(CompletableFuture<T> future) {
        return future.orTimeout(30, TimeUnit.SECONDS).join();
    }

    /** The reply has begun when it turns out that the file is too short: the connection ends; the next one is told, and others go on. */
    @Test
    void aFileThatCannotBeReadEndsTheConnectionAndIsCopiedFromThenOn() throws IOException {
        try (FileChannel file = FileChannel.open(folder.resolve("file"), StandardOpenOption.WRITE)) {
            file.truncate(8 * MIB);
        }
        boolean first = sendsFiles();
        for (URI uri : uris()) {
            try (RawNbdClient bystander = RawNbdClient.attach(uri);
                    RawNbdClient client = RawNbdClient.attach(uri)) {
                client.send(Request.of(READ, 1, 8 * MIB - LARGE / 2, LARGE));
                if (first) {
                    assertThatThrownBy(client::readReply).isInstanceOf(EOFException.class);
                } else {
                    assertThat(client.readReply().errno()).isZero();
                }
                first = false;
                assertThat(bystander.call(Request.of(READ, 2, 0, 512)).errno()).isZero();
                device.failWith(IoError.IO);
                assertThat(bystander
                                .call(Request.of(READ, 3, 8 * MIB - LARGE / 2, LARGE))
                                .errno())
                        .isEqualTo(5);
                device.failWith(null);
            }
        }
        assertThat(device.fileReads()).isEqualTo(sendsFiles() ? 1 : 0);
    }

    @Test
    void aClientThatGoesAwayInTheMiddleLeavesNothingBehind() throws IOException {
        for (URI uri : uris()) {
            for (int round = 0; round < 5; round++) {
                try (RawNbdClient client = RawNbdClient.attach(uri)) {
                    for (int i = 0; i < 20; i++) {
                        client.send(Request.of(READ, i, 0, 2 * MIB));
                    }
                    client.receive(round * 100_000);
                }
            }
        }
        // closeAll finds memory that has not come back.
    }

    @Test
    void afterDisconnectTheRestIsStillSent() throws IOException {
        for (URI uri : uris()) {
            try (RawNbdClient client = RawNbdClient.attach(uri)) {
                Map<Long, Request> asked = new HashMap<>();
                for (int i = 0; i < 10; i++) {
                    Request request = Request.of(READ, i, i, 2 * MIB);
                    asked.put((long) i, request);
                    client.send(request);
                }
                client.send(Request.of(DISC, 99, 0, 0));
                for (int i = 0; i < 10; i++) {
                    Reply reply = client.readReply();
                    assertThat(reply.data()).hasSize(2 * MIB);
                    asked.remove(reply.cookie());
                }
                assertThat(asked).isEmpty();
            }
        }
    }
}
