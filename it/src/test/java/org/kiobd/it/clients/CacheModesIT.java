package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.it.kit.KiobdCli;
import org.kiobd.it.kit.KiobdServer;

/** {@code kiobd serve --cache}: other people's programs find their bytes, and a server that does not sync says so. */
@Tag("one-lane")
@Timeout(180)
final class CacheModesIT {
    private static final int ODD_BYTES = (8 << 20) + 513;

    @TempDir
    private Path folder;

    private Path home() {
        return folder.resolve("home");
    }

    /** The volume "vol" and the image "odd.raw", which ends inside a block. */
    private KiobdServer serve(String engine, String cache) throws IOException {
        Path image = folder.resolve("odd.raw");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(ODD_BYTES);
        }
        if (!Files.exists(home())) {
            KiobdCli.ok(home(), "create", "vol", "--size", "64M", "--members", "3", "--chunk", "64K");
        }
        return KiobdServer.in(home())
                .ready(2)
                .start(
                        "serve",
                        "vol",
                        "--raw",
                        image.toString(),
                        "--cache",
                        cache,
                        "--engine",
                        engine,
                        "--threads",
                        "2",
                        "--unix",
                        folder.resolve("nbd.sock").toString());
    }

    private static String uri(KiobdServer server, String export) {
        return server.uris().stream()
                .filter(uri -> uri.contains("/" + export))
                .findFirst()
                .orElseThrow();
    }

    private static void run(String... command) {
        ServedInAllShapes.run(command);
    }

    private Map<String, Object> live() throws IOException {
        Map<String, Object> info = JSON.std.mapFrom(KiobdCli.ok(home(), "info", "vol", "-o", "json"));
        return map(Objects.requireNonNull(info.get("live")));
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(Object json) {
        return (Map<String, Object>) json;
    }

    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll", "nio"})
    void pastThePageCacheOthersFindWhatTheyWrote(String engine) throws IOException {
        try (KiobdServer server = serve(engine, "none")) {
            run(
                    "fio",
                    "--name=verify",
                    "--ioengine=nbd",
                    "--uri=" + uri(server, "vol"),
                    "--iodepth=16",
                    "--rw=randrw",
                    "--bsrange=512-128k",
                    "--bs_unaligned=1",
                    "--size=24M",
                    "--randseed=42",
                    "--verify=crc32c",
                    "--verify_fatal=1",
                    "--verify_state_save=0");
            run(
                    "qemu-io",
                    "-f",
                    "raw",
                    "-c",
                    "write -P 1 0 8M",
                    "-c",
                    "write -P 2 " + (ODD_BYTES - 1537) + " 1537",
                    "-c",
                    "write -P 3 511 2",
                    "-c",
                    "write -z 1000 5000",
                    "-c",
                    "read -P 1 0 511",
                    "-c",
                    "read -P 3 511 2",
                    "-c",
                    "read -P 0 1000 5000",
                    "-c",
                    "read -P 1 6000 1M",
                    "-c",
                    "read -P 2 " + (ODD_BYTES - 1537) + " 1537",
                    uri(server, "odd.raw"));
            assertThat(live()).containsEntry("cache", "none");
            assertThat(KiobdCli.ok(home(), "info", "vol")).contains("cache    none: ");
            server.stop();
        }
        assertThat(folder.resolve("odd.raw")).hasSize(ODD_BYTES);
    }

    @Test
    void aServerThatDoesNotSyncSaysSoAndSyncsAtItsEnd() throws Exception {
        try (KiobdServer server = serve("io_uring", "unsafe")) {
            assertThat(server.log())
                    .contains("volume=vol cache=unsafe: FLUSH and FUA are answered without a sync")
                    .contains("\"cache\":\"unsafe\"");
            try (SystemCalls calls = SystemCalls.watchSyncs(server.pid(), folder.resolve("strace.log"))) {
                run("qemu-io", "-f", "raw", "-c", "write -f -P 1 0 64k", "-c", "flush", uri(server, "vol"));
                assertThat(live()).containsEntry("cache", "unsafe");
                assertThat(KiobdCli.ok(home(), "info", "vol")).contains("cache    unsafe: FLUSH and FUA do nothing");
                assertThat(calls.syncs()).isEmpty();
            }
            try (SystemCalls calls = SystemCalls.watchSyncs(server.pid(), folder.resolve("end.log"))) {
                server.stop();
                assertThat(calls.syncs().stream().map(SystemCalls.Sync::file).distinct())
                        .as("three members and the image")
                        .hasSizeGreaterThanOrEqualTo(4);
            }
        }
    }

    @Test
    void membersOfAnotherKindAreNamedAndWorkAsEver() throws IOException {
        KiobdCli.ok(home(), "create", "base", "--size", "16M", "--members", "1", "--store", "rocksdb");
        try (KiobdServer server = KiobdServer.in(home())
                .start(
                        "serve",
                        "base",
                        "--cache",
                        "none",
                        "--unix",
                        folder.resolve("s").toString())) {
            assertThat(server.log()).contains("volume=base cache=none has no effect on its rocksdb: members");
            run("qemu-io", "-f", "raw", "-c", "write -P 1 0 64k", "-c", "read -P 1 0 64k", server.uri());
        }
    }

    /** What the kernel looks at when it comes back after a restart is the same in every mode. */
    @Test
    void nothingAClientSeesDependsOnTheMode() throws IOException {
        List<String> seen = List.of("writeback", "none", "unsafe").stream()
                .map(mode -> {
                    try (KiobdServer server = serve("io_uring", mode)) {
                        return List.of("vol", "odd.raw").stream()
                                .map(export -> ServedInAllShapes.run("nbdinfo", "--no-content", uri(server, export)))
                                .toList()
                                .toString();
                    } catch (IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                })
                .distinct()
                .toList();
        assertThat(seen).hasSize(1);
    }
}
