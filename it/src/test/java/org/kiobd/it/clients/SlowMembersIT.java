package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kiobd.it.kit.InProcessServer;
import org.kiobd.nbd.testkit.RawNbdClient;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.queue.MergeLimits;

/**
 * What merging is for: members that do one operation at a time, a millisecond each. A client writes 4 KiB blocks one behind the other and
 * has 32 under way.
 */
@Timeout(60)
final class SlowMembersIT {
    private static final int CHUNK = 64 << 10;
    private static final int BLOCK = 4096;
    private static final int DEPTH = 32;
    private static final int BATCHES = 16;

    @TempDir
    private Path folder;

    /** What a run cost. */
    private record Run(long memberOps, long nanos) {
        double requestsPerSecond() {
            return BATCHES * DEPTH * 1e9 / nanos;
        }
    }

    @ParameterizedTest
    @EnumSource
    void mergedRequestsAreOneOperationOfTheMember(IoEngine engine) throws IOException {
        Run merged = run(engine, "merged", MergeLimits.DEFAULT);
        Run single = run(engine, "single", MergeLimits.DEFAULT.withoutMerging());
        assertThat(single.memberOps()).isEqualTo((long) BATCHES * DEPTH);
        assertThat(single.nanos())
                .as("each member does its share of a batch one by one")
                .isGreaterThanOrEqualTo(BATCHES * (DEPTH / 2) * TroubledStoreProvider.Single.OP_NANOS);
        assertThat(merged.memberOps()).isLessThanOrEqualTo(single.memberOps() / 10);
        System.out.println(String.format(
                Locale.ROOT,
                "one operation at a time, 1 ms each, %s: %d member operations and %.0f requests/s merged, %d and %.0f not: %.1f times",
                engine,
                merged.memberOps(),
                merged.requestsPerSecond(),
                single.memberOps(),
                single.requestsPerSecond(),
                merged.requestsPerSecond() / single.requestsPerSecond()));
    }

    private Run run(IoEngine engine, String name, MergeLimits limits) throws IOException {
        List<String> members = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            members.add("single:file:" + folder.resolve(name + i + ".img"));
        }
        try (InProcessServer server = new InProcessServer(engine, folder.resolve(name), CHUNK, members, limits);
                RawNbdClient client = RawNbdClient.attach(URI.create(server.uri()))) {
            long startNanos = System.nanoTime();
            for (int batch = 0; batch < BATCHES; batch++) {
                write(client, batch);
            }
            Run run = new Run(server.counters().memberOps(), System.nanoTime() - startNanos);
            server.closeAndRequireFullPool();
            return run;
        }
    }

    private static void write(RawNbdClient client, int batch) throws IOException {
        ByteBuffer requests = ByteBuffer.allocateDirect(DEPTH * (RawNbdClient.REQUEST_BYTES + BLOCK));
        for (int i = 0; i < DEPTH; i++) {
            RawNbdClient.putRequest(requests, RawNbdClient.WRITE, i, (long) (batch * DEPTH + i) * BLOCK, BLOCK);
            requests.put(new byte[BLOCK]);
        }
        client.send(requests.flip());
        for (int i = 0; i < DEPTH; i++) {
            assertThat(client.readReply().errno()).isZero();
        }
    }
}
