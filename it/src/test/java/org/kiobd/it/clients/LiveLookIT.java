package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.it.kit.KiobdCli;
import org.kiobd.it.kit.KiobdServer;
import org.kiobd.it.kit.ServedVolume;
import org.kiobd.nbd.testkit.RawNbdClient;

/** What {@code kiobd info} says of a volume while it is served. */
@Timeout(120)
final class LiveLookIT {
    private static final int READ = 0;
    private static final int BLOCK = 4096;

    @TempDir
    private Path folder;

    @Test
    void infoShowsClientsRequestsAndLatencies() throws IOException {
        try (ServedVolume served = ServedVolume.startFast(folder, "io_uring", 64 << 20);
                RawNbdClient tcp =
                        RawNbdClient.attach(URI.create(served.server().tcpUri()));
                RawNbdClient unix =
                        RawNbdClient.attach(URI.create(served.server().unixUri()))) {
            for (int i = 0; i < 10; i++) {
                assertThat(tcp.errnoOf(RawNbdClient.WRITE, 0, (long) i * BLOCK, BLOCK))
                        .isZero();
            }
            unix.read(0, 2 * BLOCK);
            assertThat(unix.errnoOf(READ, 0, 64 << 20, BLOCK)).isNotZero();

            Map<String, Object> live = map(info(served).get("live"));
            assertThat(live).containsEntry("connections", 2).containsEntry("refusedRequests", 1);
            assertThat(map(map(live.get("latency")).get("WRITE"))).containsEntry("count", 10);
            assertThat(number(map(map(live.get("latency")).get("READ")), "p99Micros"))
                    .isPositive()
                    .isLessThanOrEqualTo(number(map(map(live.get("latency")).get("READ")), "maxMicros"));
            List<Map<String, Object>> clients = list(live.get("clients"));
            assertThat(clients).hasSize(2);
            assertThat(clients.get(0))
                    .containsEntry("headers", "SIMPLE")
                    .containsEntry("requests", 10)
                    .containsEntry("writtenBytes", 10 * BLOCK)
                    .containsEntry("errors", 0);
            assertThat(String.valueOf(clients.get(0).get("peer"))).startsWith("127.0.0.1:");
            assertThat(clients.get(1))
                    .containsEntry("peer", "unix")
                    .containsEntry("readBytes", 2 * BLOCK)
                    .containsEntry("errors", 1);

            List<Map<String, Object>> members = list(live.get("members"));
            assertThat(members).hasSize(4);
            assertThat(number(members.get(0), "ops")).isPositive();
            assertThat(members.get(0)).containsEntry("member", 0).containsEntry("errors", 0);

            String text = KiobdCli.ok(served.home(), "info", ServedVolume.NAME);
            assertThat(text).contains("LATENCY", "DELAYS/STOPS", "CLIENT", "P99 us", "2 now, 2 so far");
        }
    }

    @Test
    void aVolumeThatIsNotServedHasNoLiveFigures() throws IOException {
        try (ServedVolume served = ServedVolume.startFast(folder, "io_uring", 64 << 20)) {
            served.server().stop();
            assertThat(info(served)).containsEntry("state", "idle").doesNotContainKey("live");
        }
    }

    @Test
    void aTraceHasALineForEachRequest() throws IOException {
        Path home = folder.resolve("home");
        Path trace = folder.resolve("trace.jsonl");
        KiobdCli.ok(home, "create", "v", "--size", "64M", "--members", "2");
        String[] serve = {"serve", "v", "--unix", folder.resolve("s").toString(), "--trace", trace.toString()};
        try (KiobdServer server = KiobdServer.in(home).ready(1).start(serve);
                RawNbdClient client = RawNbdClient.attach(URI.create(server.unixUri()))) {
            for (int i = 0; i < 100; i++) {
                assertThat(client.errnoOf(RawNbdClient.WRITE, 0, (long) i * BLOCK, BLOCK))
                        .isZero();
            }
            client.read(0, 64 << 10);
            server.stop();
        }
        List<Map<String, Object>> lines = new ArrayList<>();
        for (String line : Files.readAllLines(trace)) {
            lines.add(JSON.std.mapFrom(line));
        }
        assertThat(lines).hasSize(101);
        for (int i = 0; i < 100; i++) {
            assertThat(lines.get(i)).containsEntry("op", "WRITE").containsEntry("offsetBytes", i * BLOCK);
        }
        assertThat(lines.get(100)).containsEntry("op", "READ").containsEntry("lengthBytes", 64 << 10);
        assertThat(lines).allSatisfy(line -> {
            assertThat(number(line, "doneMicros")).isGreaterThanOrEqualTo(number(line, "issuedMicros"));
            assertThat(number(line, "repliedMicros")).isGreaterThanOrEqualTo(number(line, "doneMicros"));
        });
    }

    private static Map<String, Object> info(ServedVolume served) throws IOException {
        return JSON.std.mapFrom(KiobdCli.ok(served.home(), "info", ServedVolume.NAME, "-o", "json"));
    }

    private static double number(Map<String, Object> json, String name) {
        return json.get(name) instanceof Number number ? number.doubleValue() : -1;
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(@org.jspecify.annotations.Nullable Object json) {
        assertThat(json).isInstanceOf(Map.class);
        return (Map<String, Object>) json;
    }

    @SuppressWarnings("unchecked")
    private static List<Map<String, Object>> list(@org.jspecify.annotations.Nullable Object json) {
        assertThat(json).isInstanceOf(List.class);
        return (List<Map<String, Object>>) json;
    }
}
