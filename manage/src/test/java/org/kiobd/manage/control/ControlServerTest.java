package org.kiobd.manage.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.kiobd.manage.catalog.ServerState;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.kiobd.volume.testkit.Seeded;

@Timeout(60)
final class ControlServerTest {
    private static final int TIMEOUT_MS = 20_000;

    private Path folder = Path.of("");

    @BeforeEach
    void makeFolder() throws IOException {
        // Not a test's temporary folder: a socket's path has at most 107 bytes.
        folder = Files.createTempDirectory("ctl");
    }

    @AfterEach
    void everythingIsRemoved() throws IOException {
        Files.delete(folder);
    }

    private Path place() {
        return folder.resolve("control.sock");
    }

    private static Map<String, Object> ask(ControlServer server, String volume) throws BlockIoException {
        return new ControlClient(volume, new ServerState(1, server.path(), List.of()), TIMEOUT_MS)
                .ask(Map.of("command", "x"));
    }

    private static long threads(String name) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals(name))
                .count();
    }

    @Test
    void oneThreadAnswersForAllVolumesAndEachIsAskedForItself() throws IOException {
        long before = threads("kiobd-control");
        try (ControlServer server = ControlServer.start(place())) {
            for (int i = 0; i < 400; i++) {
                String volume = "v" + i;
                server.answer(volume, question -> Map.of("from", volume, "asked", question.get("command")));
            }
            assertThat(threads("kiobd-control") - before).isEqualTo(1);
            for (int i = 0; i < 400; i += 57) {
                assertThat(ask(server, "v" + i)).containsEntry("from", "v" + i).containsEntry("asked", "x");
            }
            assertThatThrownBy(() -> ask(server, "another"))
                    .isInstanceOf(BlockIoException.class)
                    .hasMessageContaining("volume=another is not served by pid=");
        }
        assertThat(threads("kiobd-control")).isEqualTo(before);
    }

    @Test
    void whoSaysNothingOrTakesNoAnswerHoldsUpNobody() throws IOException {
        List<SocketChannel> silent = new ArrayList<>();
        try (ControlServer server = ControlServer.start(place())) {
            server.answer("v", question -> Map.of("much", "x".repeat(4 << 20)));
            server.answer("w", question -> Map.of("ok", true));
            for (int i = 0; i < 3 * ControlLoop.MAX_ASKERS; i++) {
                SocketChannel channel = connect(server);
                silent.add(channel);
                if (i % 3 == 1) {
                    channel.write(bytes("{\"volume\":\"v\",\"command\":\"x\"}\n"));
                } else if (i % 3 == 2) {
                    channel.write(bytes("{\"volume\":"));
                }
            }
            assertThat(ask(server, "w")).containsEntry("ok", true);
        } finally {
            for (SocketChannel channel : silent) {
                channel.close();
            }
        }
    }

    @Test
    void oneVolumesQuestionsAreAnsweredOneAfterTheOtherAndAnothersDoNotWait() throws Exception {
        CountDownLatch otherAnswered = new CountDownLatch(1);
        AtomicInteger running = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        try (ControlServer server = ControlServer.start(place())) {
            server.answer("slow", question -> {
                most.accumulateAndGet(running.incrementAndGet(), Math::max);
                try {
                    return Map.of("ok", otherAnswered.await(TIMEOUT_MS, TimeUnit.MILLISECONDS));
                } catch (InterruptedException e) {
                    throw new BlockIoException(IoError.IO, "interrupted", e);
                } finally {
                    running.decrementAndGet();
                }
            });
            server.answer("quick", question -> Map.of("ok", true));
            List<CompletableFuture<Map<String, Object>>> answers = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                answers.add(CompletableFuture.supplyAsync(
                        () -> {
                            try {
                                return ask(server, "slow");
                            } catch (BlockIoException e) {
                                throw new AssertionError(e);
                            }
                        },
                        work -> new Thread(work).start()));
            }
            assertThat(ask(server, "quick")).containsEntry("ok", true);
            otherAnswered.countDown();
            for (CompletableFuture<Map<String, Object>> answer : answers) {
                assertThat(answer.get(TIMEOUT_MS, TimeUnit.MILLISECONDS)).containsEntry("ok", true);
            }
        }
        assertThat(most).hasValue(1);
    }

    @Test
    void anErrorOrABugIsAnAnswerAndTheNextQuestionIsAnswered() throws IOException {
        try (ControlServer server = ControlServer.start(place())) {
            server.answer("v", question -> {
                throw new BlockIoException(IoError.INVALID, "not so");
            });
            server.answer("w", question -> {
                throw new StackOverflowError("for this test");
            });
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(() -> ask(server, "v")).hasMessage("not so");
                assertThatThrownBy(() -> ask(server, "w")).hasMessageContaining("StackOverflowError");
            }
        }
    }

    @Test
    void aDeadServersSocketIsReplacedAndNothingElseIs() throws IOException {
        try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            dead.bind(UnixDomainSocketAddress.of(place()));
        }
        try (ControlServer server = ControlServer.start(place())) {
            server.answer("v", question -> Map.of("ok", true));
            assertThat(ask(server, "v")).containsEntry("ok", true);
            assertThatThrownBy(() -> ControlServer.start(place())).hasMessageContaining("was not touched");
            assertThat(ask(server, "v")).containsEntry("ok", true);
        }
        assertThat(place()).doesNotExist();
        Files.writeString(place(), "precious");
        assertThatThrownBy(() -> ControlServer.start(place())).hasMessageContaining("not a socket");
        assertThat(place()).hasContent("precious");
        Files.delete(place());
        Files.createSymbolicLink(place(), Path.of("/dev/null"));
        assertThatThrownBy(() -> ControlServer.start(place())).hasMessageContaining("not a socket");
        assertThat(place()).isSymbolicLink();
        Files.delete(place());
    }

    @Test
    void aPlaceTooLongForASocketIsElsewhereAndNothingIsLeft() throws IOException {
        Path place;
        try (ControlServer server = ControlServer.start(folder.resolve("n".repeat(120)))) {
            server.answer("v", question -> Map.of("ok", true));
            place = server.path();
            assertThat(ask(server, "v")).containsEntry("ok", true);
        }
        assertThat(place.getParent()).doesNotExist();
    }

    @Seeded(rounds = 3)
    void whateverIsSentCostsItsSenderAnAnswerOnly(Random random) throws IOException {
        try (ControlServer server = ControlServer.start(place())) {
            server.answer("v", question -> Map.of("ok", true));
            for (String line : List.of("null", "1", "[]", "\"v\"", "{}", "{\"volume\":null}", "{\"volume\":[\"v\"]}")) {
                assertThat(JSON.std.mapFrom(exchange(server, line + "\n", random)))
                        .containsKey("error");
            }
            for (int i = 0; i < 30; i++) {
                byte[] garbage = new byte[1 + random.nextInt(300)];
                random.nextBytes(garbage);
                String text = new String(garbage, StandardCharsets.ISO_8859_1).replace('\n', ' ');
                String line = random.nextBoolean() ? text : "{\"volume\":\"v\"," + JSON.std.asString(text) + ":1}";
                Map<String, Object> answer = JSON.std.mapFrom(exchange(server, line + "\n", random));
                assertThat(answer.containsKey("error") || answer.containsKey("ok"))
                        .as("%s to %s", answer, line)
                        .isTrue();
            }
            assertThat(ask(server, "v")).containsEntry("ok", true);
        }
    }

    private static String exchange(ControlServer server, String text, Random random) throws IOException {
        try (SocketChannel channel = connect(server)) {
            ByteBuffer all = bytes(text);
            while (all.hasRemaining()) {
                int end = Math.min(all.capacity(), all.position() + 1 + random.nextInt(100));
                channel.write(all.duplicate().limit(end));
                all.position(end);
            }
            return String.valueOf(
                    new BufferedReader(new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.UTF_8))
                            .readLine());
        }
    }

    private static SocketChannel connect(ControlServer server) throws IOException {
        return SocketChannel.open(UnixDomainSocketAddress.of(server.path()));
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }
}
