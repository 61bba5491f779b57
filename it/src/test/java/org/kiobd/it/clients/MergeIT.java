package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.it.kit.HostCommand;
import org.kiobd.it.kit.ServedVolume;
import org.kiobd.it.kit.ServedVolume.Transport;
import org.kiobd.nbd.testkit.RawNbdClient;

/**
 * Merging seen from outside: 256 MiB of sequential 4 KiB writes, 32 in each send, reach the members in at most a sixteenth as many
 * operations; and what the server counts is what the system sees.
 */
@Tag("one-lane")
@Timeout(120)
final class MergeIT {
    private static final int BLOCK = 4096;
    private static final int BATCH = 32;
    private static final long SIZE = 256L << 20;
    private static final long REQUESTS = SIZE / BLOCK;
    private static final Percentage AGREE = Percentage.withPercentage(5);

    @TempDir
    private Path folder;

    @Test
    void theFallbackEngineWritesOncePerMemberOperation() throws Exception {
        try (ServedVolume served = serve("epoll");
                SystemCalls calls = SystemCalls.watchWrites(served.server().pid(), folder.resolve("strace.log"))) {
            writeAll(served.uri(Transport.UNIX));
            long seen = calls.countTo(served.files());
            Map<String, Long> counters = served.server().stop();
            assertMerged("epoll", counters);
            assertThat(seen).as("writes strace saw").isCloseTo(memberOps(counters), AGREE);
        }
    }

    @Test
    void withARingThereIsOneCallOrRingOperationPerMemberOperation() throws IOException {
        try (ServedVolume served = serve("io_uring")) {
            writeAll(served.uri(Transport.UNIX));
            Map<String, Long> counters = served.server().stop();
            assertMerged("io_uring", counters);
            assertThat(counters.get("submittedOps"))
                    .as("calls on the loop and operations of the ring")
                    .isCloseTo(memberOps(counters), AGREE);
        }
    }

    /** No bar: what a common client's stream, one send a request, gives the server to merge depends on who gets the processor. */
    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll"})
    void fiosRatioIsReported(String engine) throws IOException {
        try (ServedVolume served = serve(engine)) {
            Peer.require("fio");
            HostCommand.output(
                    Duration.ofSeconds(60),
                    List.of(
                            "fio",
                            "--name=sequential",
                            "--ioengine=nbd",
                            "--uri=" + served.uri(Transport.UNIX),
                            "--rw=write",
                            "--bs=4k",
                            "--iodepth=32",
                            "--size=64M",
                            "--output=" + folder.resolve("fio.txt")));
            Map<String, Long> counters = served.server().stop();
            assertThat(memberOps(counters)).isPositive().isLessThanOrEqualTo(requests(counters));
            report("fio, depth 32", engine, counters);
        }
    }

    private ServedVolume serve(String engine) throws IOException {
        return ServedVolume.startFast(folder, engine, SIZE);
    }

    private static void assertMerged(String engine, Map<String, Long> counters) {
        report("32 writes a send", engine, counters);
        assertThat(requests(counters)).isEqualTo(REQUESTS);
        assertThat((double) requests(counters) / memberOps(counters)).isGreaterThanOrEqualTo(16);
        assertThat(counters.get("chains")).isLessThanOrEqualTo(memberOps(counters));
    }

    private static void report(String client, String engine, Map<String, Long> counters) {
        System.out.printf(
                Locale.ROOT,
                "merging, %s over %s: requests=%d chains=%d memberOps=%d, %.1f requests a member operation%n",
                client,
                engine,
                requests(counters),
                counters.get("chains"),
                memberOps(counters),
                (double) requests(counters) / memberOps(counters));
    }

    private static long requests(Map<String, Long> counters) {
        return counters.getOrDefault("requests", 0L);
    }

    private static long memberOps(Map<String, Long> counters) {
        return counters.getOrDefault("memberOps", 0L);
    }

    private static void writeAll(String uri) throws IOException {
        ByteBuffer batch = ByteBuffer.allocateDirect(BATCH * (RawNbdClient.REQUEST_BYTES + BLOCK));
        byte[] payload = new byte[BLOCK];
        try (RawNbdClient client = RawNbdClient.attach(URI.create(uri))) {
            for (long first = 0; first < REQUESTS; first += BATCH) {
                batch.clear();
                for (long block = first; block < first + BATCH; block++) {
                    RawNbdClient.putRequest(batch, RawNbdClient.WRITE, block, block * BLOCK, BLOCK)
                            .put(payload);
                }
                client.send(batch.flip());
                for (int i = 0; i < BATCH; i++) {
                    assertThat(client.readReply().errno()).isZero();
                }
            }
        }
    }
}
