package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kiobd.it.kit.ServedVolume;
import org.kiobd.it.kit.ServedVolume.Shape;
import org.kiobd.nbd.testkit.RawNbdClient;
import org.kiobd.nbd.testkit.RawNbdClient.Request;

/**
 * Before a FLUSH is answered, every member was synced, and before a write with FUA is, its own: strace and the client read the same
 * clock, and the sync must lie between the request and its reply.
 */
@Tag("one-lane")
@Timeout(120)
final class SyncOrderIT {
    private static final long SIZE_BYTES = 64L << 20;
    private static final int CHUNK_BYTES = 256 << 10;
    private static final int BLOCK_BYTES = 4096;
    private static final int ROUNDS = 10;

    @TempDir
    private Path folder;

    /** A request that was answered, and the members whose bytes it made durable. */
    private record Answered(String what, List<Path> members, long sentMicros, long repliedMicros) {
        boolean covers(SystemCalls.Sync sync, Path member) {
            return Path.of(sync.file()).startsWith(member)
                    && sync.beginMicros() >= sentMicros
                    && sync.endMicros() <= repliedMicros;
        }
    }

    @ParameterizedTest
    @CsvSource({"STRIPED, io_uring", "STRIPED, epoll", "STRIPED, nio", "ROCKSDB, io_uring", "MIXED, epoll"})
    void rule4_i9_theSyncLiesBetweenRequestAndReply(Shape shape, String engine) throws Exception {
        try (ServedVolume served = ServedVolume.startFast(folder, shape, engine, SIZE_BYTES);
                SystemCalls calls = SystemCalls.watchSyncs(served.server().pid(), folder.resolve("strace.log"))) {
            List<Answered> answered = new ArrayList<>();
            try (RawNbdClient client =
                    RawNbdClient.attach(URI.create(served.server().unixUri()))) {
                for (int round = 0; round < ROUNDS; round++) {
                    answered.add(flush(client, served.files(), round));
                    answered.add(writeThrough(client, served.files(), round));
                }
            }
            List<SystemCalls.Sync> syncs = calls.syncs();
            for (Answered one : answered) {
                for (Path member : one.members()) {
                    assertThat(syncs)
                            .as("syncs of %s before the reply to %s", member.getFileName(), one)
                            .anyMatch(sync -> one.covers(sync, member));
                }
            }
        }
    }

    private static Answered flush(RawNbdClient client, List<Path> members, int round) throws IOException {
        for (int member = 0; member < members.size(); member++) {
            client.send(Request.write(member, offsetBytes(member, 2 * round), block(round)));
            assertThat(client.readReply().errno()).isZero();
        }
        long sentMicros = nowMicros();
        client.send(Request.of(RawNbdClient.FLUSH, round, 0, 0));
        assertThat(client.readReply().errno()).isZero();
        return new Answered("FLUSH " + round, members, sentMicros, nowMicros());
    }

    private static Answered writeThrough(RawNbdClient client, List<Path> members, int round) throws IOException {
        int member = round % members.size();
        long sentMicros = nowMicros();
        client.send(Request.write(round, offsetBytes(member, 2 * round + 1), block(round))
                .withFlags(RawNbdClient.FLAG_FUA));
        assertThat(client.readReply().errno()).isZero();
        return new Answered("WRITE with FUA " + round, List.of(members.get(member)), sentMicros, nowMicros());
    }

    private static long offsetBytes(int member, int block) {
        return (long) member * CHUNK_BYTES + (long) block * BLOCK_BYTES;
    }

    private static byte[] block(int round) {
        byte[] bytes = new byte[BLOCK_BYTES];
        Arrays.fill(bytes, (byte) (round + 1));
        return bytes;
    }

    private static long nowMicros() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    }
}
