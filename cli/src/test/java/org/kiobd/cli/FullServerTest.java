package org.kiobd.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.nbd.client.NbdClient;
import org.kiobd.nbd.client.NbdClientOptions;
import org.kiobd.nbd.client.NbdConnector;
import org.kiobd.nbd.client.NbdUri;
import org.kiobd.store.MemberStores;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoops;
import picocli.CommandLine;

/** A server with as many clients as it may have, and what {@code info} and {@code list} say of it meanwhile. */
@Timeout(120)
final class FullServerTest {
    private static final MemberStores STORES = MemberStores.load();
    private static final long WAIT_S = 60;

    @TempDir
    Path folder;

    private final IoLoops loops = new IoLoops(IoEngine.NIO, 1);
    private @Nullable CompletableFuture<String> serving;

    @BeforeEach
    void makeVolume() throws IOException {
        run("create", "a", "--size", "4M", "--members", "1");
    }

    @AfterEach
    void stop() {
        loops.close();
    }

    private String run(String... words) {
        List<String> arguments = new ArrayList<>(List.of(words));
        arguments.addAll(List.of("--home", folder.resolve("home").toString()));
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine command = Main.commandLine(STORES);
        command.setOut(new PrintWriter(out));
        command.setErr(new PrintWriter(err));
        assertThat(command.execute(arguments.toArray(String[]::new)))
                .as("%s: %s", arguments, err)
                .isZero();
        return out.toString();
    }

    /** Serves the volume on another thread until {@link #end}; returns its URI. */
    private String serve(String... options) throws Exception {
        Path end = folder.resolve("end");
        Path uri = folder.resolve("uri");
        assertThat(new ProcessBuilder("mkfifo", end.toString()).start().waitFor())
                .isZero();
        List<String> words = new ArrayList<>(List.of("serve", "a", "--engine", "nio", "--listen", "127.0.0.1:0"));
        words.addAll(List.of(options));
        words.addAll(
                List.of("--run", "echo \"$uri\" >" + uri + ".new; mv " + uri + ".new " + uri + "; read x <" + end));
        CompletableFuture<String> ended = new CompletableFuture<>();
        serving = ended;
        Thread thread = new Thread(
                () -> {
                    try {
                        ended.complete(run(words.toArray(String[]::new)));
                    } catch (AssertionError | RuntimeException e) {
                        ended.completeExceptionally(e);
                    }
                },
                "server-under-test");
        thread.setDaemon(true);
        thread.start();
        long deadlineNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_S);
        while (!Files.exists(uri)) {
            assertThat(ended).as("the server").isNotDone();
            assertThat(System.nanoTime()).isLessThan(deadlineNanos);
            Thread.onSpinWait();
        }
        return Files.readString(uri).strip();
    }

    private void end() throws Exception {
        Files.writeString(folder.resolve("end"), "now\n");
        Objects.requireNonNull(serving).get(WAIT_S, TimeUnit.SECONDS);
    }

    private NbdClient connect(String uri) throws Exception {
        return new NbdConnector(loops, NbdUri.parse(uri), NbdClientOptions.DEFAULT)
                .connect()
                .get(WAIT_S, TimeUnit.SECONDS);
    }

    @Test
    void aClientBeyondTheLimitIsToldSoAndCountedAndOthersAreUnharmed() throws Exception {
        String uri = serve("--max-connections-per-address", "2", "--max-connections", "3");
        try (NbdClient first = connect(uri);
                NbdClient second = connect(uri)) {
            assertThatThrownBy(() -> connect(uri))
                    .hasMessageContaining("NBD_REP_ERR_POLICY")
                    .hasMessageContaining("too many connections: maxConnectionsPerAddress=2");
            for (NbdClient client : List.of(first, second)) {
                client.flush().get(WAIT_S, TimeUnit.SECONDS);
            }
            Map<String, Object> info = JSON.std.mapFrom(run("info", "a", "-o", "json"));
            assertThat(info).containsEntry("state", "served").containsEntry("pid", (int)
                    ProcessHandle.current().pid());
            assertThat(part(info.get("live")))
                    .containsEntry("refusedConnections", 1)
                    .containsEntry("connections", 2)
                    .containsEntry("connectionsTotal", 2);
            assertThat(run("info", "a"))
                    .contains("2 now, 2 so far; the server refused 1 beyond its limits")
                    .contains("served by pid " + ProcessHandle.current().pid());
        }
        end();
    }

    @Test
    void listAndInfoHaveOneWordForAVolumeThatIsServed() throws Exception {
        serve();
        Map<String, Object> entry = part(
                list(JSON.std.mapFrom(run("list", "-o", "json")).get("volumes")).get(0));
        assertThat(entry)
                .containsEntry("state", "served")
                .containsEntry("pid", (int) ProcessHandle.current().pid())
                .doesNotContainKey("reason");
        assertThat(run("list"))
                .contains("served by pid " + ProcessHandle.current().pid());
        assertThat(run("info", "a")).contains("0 now, 0 so far\n");
        end();
        assertThat(run("list", "-o", "json")).contains("\"state\":\"idle\"").doesNotContain("pid");
        assertThat(run("check", "a")).isEqualTo("a: its member is intact" + System.lineSeparator());
    }

    private static List<?> list(@Nullable Object json) {
        assertThat(json).isInstanceOf(List.class);
        return (List<?>) Objects.requireNonNull(json);
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> part(@Nullable Object json) {
        assertThat(json).isInstanceOf(Map.class);
        return (Map<String, Object>) Objects.requireNonNull(json);
    }
}
