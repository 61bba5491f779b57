package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kiobd.it.kit.KiobdCli;
import org.kiobd.it.kit.RunLength;
import org.kiobd.it.kit.ServedVolume;
import org.kiobd.it.kit.ServedVolume.Shape;
import org.kiobd.it.kit.ServedVolume.Transport;

/** {@code kiobd bench} against servers that keep what they are given, and against one that does not. */
@Timeout(180)
@Tag("one-lane")
final class BenchIT {
    private static final long SIZE_BYTES = 64 << 20;

    @TempDir
    private Path folder;

    private KiobdCli.Result bench(String uri, String... words) {
        List<String> line = new ArrayList<>(List.of("bench", uri, "--duration", "0.5", "--warm-up", "0"));
        line.addAll(List.of(words));
        return KiobdCli.run(folder.resolve("home"), line.toArray(String[]::new));
    }

    private Map<String, Object> measured(String uri, String... words) throws IOException {
        List<String> line = new ArrayList<>(List.of(words));
        line.addAll(List.of("-o", "json"));
        KiobdCli.Result result = bench(uri, line.toArray(String[]::new));
        assertThat(result.exitCode()).as(result.err() + result.out()).isZero();
        return JSON.std.mapFrom(result.out());
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> part(Map<String, Object> json, String name) {
        return (Map<String, Object>) Objects.requireNonNull(json.get(name), name);
    }

    private static double number(Map<String, Object> json, String name) {
        return ((Number) Objects.requireNonNull(json.get(name), name)).doubleValue();
    }

    /** Throughput and latency are two views of the same requests: depth = rate x mean latency (Little). */
    private static void assertFits(Map<String, Object> figures, int underWay) {
        double mean = number(part(figures, "latencyUs"), "mean");
        assertThat(number(figures, "requestsPerSecond") * mean / 1e6)
                .as("%s", figures)
                .isBetween(underWay * 0.5, underWay * 1.1);
        assertThat(number(part(figures, "latencyUs"), "p50"))
                .isLessThanOrEqualTo(number(part(figures, "latencyUs"), "max"));
    }

    static Stream<Transport> transports() {
        return RunLength.of(List.of(Transport.TCP), Transport.UNIX);
    }

    @ParameterizedTest
    @MethodSource("transports")
    void whatItMeasuresFits(Transport transport) throws IOException {
        try (ServedVolume volume = ServedVolume.start(folder, Shape.STRIPED, "io_uring", SIZE_BYTES)) {
            String uri = volume.uri(transport);
            Map<String, Object> reads = measured(uri, "--connections", "2", "--depth", "4");
            assertFits(part(reads, "read"), 8);
            assertThat(reads).doesNotContainKeys("write", "flush").containsEntry("errors", 0);
            Map<String, Object> writes =
                    measured(uri, "--rw", "write", "--overwrite", "--bs", "64K", "--depth", "4", "--flush-every", "8");
            assertThat(number(part(writes, "write"), "requests"))
                    .isGreaterThan(7 * number(part(writes, "flush"), "requests") - 64);
            assertThat(part(writes, "flush")).containsEntry("bytesPerSecond", 0.0);
            assertThat(number(writes, "clientCpuUsPerRequest")).isPositive();
        }
    }

    @Test
    void allThatWasWrittenIsReadAgain() throws IOException {
        try (ServedVolume volume = ServedVolume.start(folder, Shape.MIXED, "epoll", SIZE_BYTES)) {
            Map<String, String> patterns = Map.of("512", "randrw", "4K", "rw", "100K", "randrw");
            for (String blockBytes : patterns.keySet()) {
                Map<String, Object> json = measured(
                        volume.uri(Transport.UNIX),
                        "--rw",
                        Objects.requireNonNull(patterns.get(blockBytes)),
                        "--mix",
                        "30",
                        "--bs",
                        blockBytes,
                        "--connections",
                        "3",
                        "--depth",
                        "5",
                        "--overwrite",
                        "--verify",
                        "--fua");
                assertThat(json).containsEntry("wrongBlocks", 0).containsEntry("errors", 0);
                assertThat(number(part(json, "read"), "requests")).isPositive();
                assertThat(number(part(json, "write"), "requests")).isPositive();
            }
        }
    }

    @Test
    void aServerThatForgetsIsFoundOut() throws IOException {
        try (PeerServer forgetful = PeerServer.nbdkit(folder, false, "null", "64M")) {
            KiobdCli.Result result = bench(forgetful.uri(), "--rw", "randwrite", "--overwrite", "--verify");
            assertThat(result.exitCode()).isEqualTo(3);
            assertThat(result.out())
                    .contains("blocks do not hold what was written to them; the first differs at offset=");
        }
    }

    @Test
    void errorsAreCountedAndTheFirstIsTold() throws IOException {
        try (PeerServer failing = PeerServer.nbdkit(
                folder, false, "--filter=error", "memory", "64M", "error-pread-rate=50%", "error=EIO")) {
            KiobdCli.Result result = bench(failing.uri());
            assertThat(result.exitCode()).isEqualTo(1);
            assertThat(result.out())
                    .contains("requests failed; the first: the server answered NBD_EIO to NBD_CMD_READ offset=");
            KiobdCli.Result verified = bench(failing.uri(), "--rw", "randrw", "--overwrite", "--verify");
            assertThat(verified.exitCode()).isEqualTo(1);
            assertThat(verified.out())
                    .contains("so not everything was written")
                    .doesNotContain("everything that was written was read");
        }
    }

    @Test
    void itSendsNothingThatCannotBeOrThatNobodyAllowed() throws IOException {
        try (PeerServer peer = PeerServer.nbdkit(folder, false, "-r", "memory", "1M")) {
            assertRefused(bench(peer.uri(), "--rw", "randwrite"), "add --overwrite");
            assertRefused(bench(peer.uri(), "--rw", "randwrite", "--overwrite"), "the export is read-only");
            assertRefused(bench(peer.uri(), "--bs", "1M"), "is too small for 32 requests at a time");
            assertRefused(bench(peer.uri(), "--offset", "1M", "--size", "4K"), "are not within sizeBytes=1048576");
            assertRefused(bench(peer.uri(), "--depth", "0"), "--depth=0 is not 1 to");
            assertRefused(bench(peer.uri(), "--verify"), "are for writes");
            assertRefused(bench(peer.uri(), "--offset", "half"), "'half' is not a size");
            assertRefused(
                    bench(peer.uri(), "--rw", "write", "--overwrite", "--verify", "--bs", "1", "--depth", "1"),
                    "cannot be verified");
            assertRefused(bench("nbd:wrong"), "is not an NBD URI");
        }
        KiobdCli.Result nobody = bench("nbd+unix:///x?socket=" + folder.resolve("nobody"));
        assertThat(nobody.exitCode()).isEqualTo(1);
        assertThat(nobody.errorLines()).singleElement().asString().contains("cannot be reached: there is no socket=");
    }

    private static void assertRefused(KiobdCli.Result result, String why) {
        assertThat(result.exitCode()).as(result.err()).isEqualTo(2);
        assertThat(result.errorLines()).singleElement().asString().contains(why);
        assertThat(result.out()).isEmpty();
    }
}
