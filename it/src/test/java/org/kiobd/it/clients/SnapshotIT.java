package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.it.kit.HostCommand;
import org.kiobd.it.kit.KiobdCli;
import org.kiobd.it.kit.KiobdServer;
import org.kiobd.it.kit.RunLength;
import org.kiobd.it.kit.ServedVolume;
import org.kiobd.it.kit.ServedVolume.Shape;
import org.kiobd.nbd.testkit.RawNbdClient;
import org.kiobd.nbd.testkit.RawNbdClient.Request;

/**
 * Snapshots of a volume that is being written to. One client numbers its writes and sends each only after the one before was
 * acknowledged, over two connections in turn and over all stripes: of any moment the highest number tells every block.
 */
@Tag("one-lane")
@Timeout(900)
final class SnapshotIT {
    private static final int BLOCK = 4096;

    /** Blocks that are numbered; as many behind them are written at full load. */
    private static final int BLOCKS = 4 * 1024;

    private static final int DEPTH = 32;

    /** Odd: neighbours in time lie on different stripes. */
    private static final int STRIDE = 1_027;

    @TempDir
    private Path folder;

    private final AtomicBoolean ended = new AtomicBoolean();

    @Test
    void everySnapshotOfDatabasesIsOneMoment() throws Exception {
        int snapshots = Integer.getInteger("kiobd.snapshots", RunLength.rounds(4, 6));
        try (ServedVolume served = ServedVolume.startFast(folder, Shape.ROCKSDB, "io_uring", 2L * BLOCKS * BLOCK)) {
            everySnapshotIsOneMoment(served, snapshots);
        }
    }

    @Test
    void everySnapshotOfFilesAndDatabasesOnXfsIsOneMoment() throws Exception {
        try (LoopMount xfs = LoopMount.make("xfs", folder);
                ServedVolume served =
                        ServedVolume.startFast(xfs.point(), Shape.MIXED, "io_uring", 2L * BLOCKS * BLOCK)) {
            everySnapshotIsOneMoment(served, RunLength.rounds(2, 3));
        }
    }

    private void everySnapshotIsOneMoment(ServedVolume served, int snapshots) throws Exception {
        CompletableFuture<Void> numbered =
                run(() -> writeNumbers(served.server().unixUri()));
        CompletableFuture<Void> load = run(() -> writeAtFullLoad(served.server().unixUri()));
        List<Double> heldMs = new ArrayList<>();
        List<String> names = new ArrayList<>();
        for (int i = 0; i < snapshots; i++) {
            String name = ServedVolume.NAME + "@s" + i;
            names.add(name);
            String answer = KiobdCli.ok(served.home(), "snapshot", "create", name, "-o", "json");
            heldMs.add(number(JSON.std.mapFrom(answer), "heldMicros") / 1000.0);
            // One of them is deleted while the others, and the volume, go on.
            if (i == snapshots - 1) {
                KiobdCli.ok(served.home(), "snapshot", "delete", names.remove(i - 1));
            }
        }
        // What is read from end to end while it is served is one moment, too, and leaves nothing behind.
        Path image = served.folder().resolve("image");
        KiobdCli.ok(served.home(), "export", ServedVolume.NAME, image.toString());
        assertThat(momentIn(Files.readAllBytes(image))).isPositive();
        assertThat(KiobdCli.ok(served.home(), "scrub", ServedVolume.NAME)).contains("no damage");
        ended.set(true);
        numbered.get();
        load.get();
        try (Stream<Path> left = Files.list(served.home().resolve("volumes/vol/snapshots"))) {
            assertThat(left).hasSize(names.size());
        }
        System.out.println("requests were held back for ms=" + heldMs);
        assertThat(KiobdCli.ok(served.home(), "snapshot", "list")).contains(names);
        assertRefused(served, "in use by the server", "snapshot", "rollback", names.get(0), "--yes");
        assertMoments(served, names);

        // The volume itself went on, is deleted, and the last snapshot alone brings it back.
        served.server().stop();
        String last = names.get(names.size() - 1);
        KiobdCli.ok(served.home(), "snapshot", "rollback", last, "--yes");
        served.restart();
        long then = moment(served.server().unixUri());
        assertThat(then).isEqualTo(momentOf(served, last));
    }

    private static void assertRefused(ServedVolume served, String why, String... words) {
        KiobdCli.Result refused = KiobdCli.run(served.home(), words);
        assertThat(refused.exitCode()).as("%s", List.of(words)).isEqualTo(1);
        assertThat(refused.err()).contains(why);
    }

    private void assertMoments(ServedVolume served, List<String> names) throws IOException {
        long before = 0;
        for (String name : names) {
            long moment = momentOf(served, name);
            assertThat(moment).as("moment of %s", name).isGreaterThan(before);
            before = moment;
        }
    }

    private long momentOf(ServedVolume served, String name) throws IOException {
        try (KiobdServer server = KiobdServer.in(served.home()).start("serve", name, "--listen", "127.0.0.1:0")) {
            try (RawNbdClient nbd = RawNbdClient.attach(URI.create(server.tcpUri()))) {
                assertThat(nbd.errnoOf(RawNbdClient.WRITE, 0, 0, BLOCK))
                        .as("a write to a snapshot")
                        .isEqualTo(1);
            }
            if (name.endsWith("@s0")) {
                assertRefused(served, "in use by the server", "snapshot", "delete", name);
                assertRefused(served, "in use by the server", "clone", name, "other");
            }
            long moment = moment(server.tcpUri());
            server.stop();
            return moment;
        }
    }

    /** The number of the last write in it, when every block holds what it held right after that one. */
    private static long moment(String uri) throws IOException {
        try (RawNbdClient nbd = RawNbdClient.attach(URI.create(uri))) {
            return momentIn(nbd.read(0, BLOCKS * BLOCK));
        }
    }

    private static long momentIn(byte[] volume) {
        ByteBuffer blocks = ByteBuffer.wrap(volume);
        long last = 0;
        for (int block = 0; block < BLOCKS; block++) {
            last = Math.max(last, blocks.getLong(block * BLOCK));
        }
        long[] expected = new long[BLOCKS];
        for (long number = Math.max(1, last - BLOCKS + 1); number <= last; number++) {
            expected[block(number)] = number;
        }
        for (int block = 0; block < BLOCKS; block++) {
            for (int at = 0; at < BLOCK; at += Long.BYTES) {
                assertThat(blocks.getLong(block * BLOCK + at))
                        .as("block=%d at=%d, last write=%d", block, at, last)
                        .isEqualTo(expected[block]);
            }
        }
        return last;
    }

    private static int block(long number) {
        return (int) Math.floorMod(number * STRIDE, (long) BLOCKS);
    }

    private void writeNumbers(String uri) throws IOException {
        try (RawNbdClient first = RawNbdClient.attach(URI.create(uri));
                RawNbdClient second = RawNbdClient.attach(URI.create(uri))) {
            ByteBuffer payload = ByteBuffer.allocate(BLOCK);
            for (long number = 1; !ended.get(); number++) {
                payload.clear();
                while (payload.hasRemaining()) {
                    payload.putLong(number);
                }
                RawNbdClient nbd = number % 2 == 0 ? first : second;
                nbd.send(Request.write(number, (long) block(number) * BLOCK, payload.array()));
                RawNbdClient.Reply reply = nbd.readReply();
                assertThat(reply.errno()).isZero();
                assertThat(reply.cookie()).isEqualTo(number);
            }
        }
    }

    private void writeAtFullLoad(String uri) throws IOException {
        try (RawNbdClient nbd = RawNbdClient.attach(URI.create(uri))) {
            ByteBuffer batch = ByteBuffer.allocate(DEPTH * (RawNbdClient.REQUEST_BYTES + BLOCK));
            for (long number = 1; !ended.get(); number++) {
                batch.clear();
                for (int i = 0; i < DEPTH; i++) {
                    long offset = (long) (BLOCKS + block(number * DEPTH + i)) * BLOCK;
                    RawNbdClient.putRequest(batch, RawNbdClient.WRITE, i, offset, BLOCK);
                    batch.putLong(number).position(batch.position() + BLOCK - Long.BYTES);
                }
                nbd.send(batch.flip());
                for (int i = 0; i < DEPTH; i++) {
                    assertThat(nbd.readReply().errno()).isZero();
                }
            }
        }
    }

    private interface Client {
        void run() throws IOException;
    }

    private static CompletableFuture<Void> run(Client client) {
        CompletableFuture<Void> ending = new CompletableFuture<>();
        new Thread(
                        () -> {
                            try {
                                client.run();
                                ending.complete(null);
                            } catch (IOException | AssertionError e) {
                                ending.completeExceptionally(e);
                            }
                        },
                        "client")
                .start();
        return ending;
    }

    @Test
    void spaceComesBackWhenSnapshotsAreDeleted() throws Exception {
        int snapshots = Integer.getInteger("kiobd.snapshots", RunLength.rounds(3, 6));
        try (ServedVolume served = ServedVolume.startFast(folder, Shape.ROCKSDB, "io_uring", 2L * BLOCKS * BLOCK)) {
            CompletableFuture<Void> load =
                    run(() -> writeAtFullLoad(served.server().unixUri()));
            String oldest = ServedVolume.NAME + "@oldest";
            KiobdCli.ok(served.home(), "snapshot", "create", oldest);
            for (int i = 0; i < snapshots; i++) {
                KiobdCli.ok(served.home(), "snapshot", "create", ServedVolume.NAME + "@s" + i);
            }
            ended.set(true);
            load.get();
            long snapshotsBytes = usedBytes(served.home());
            for (int i = 0; i < snapshots; i++) {
                KiobdCli.ok(served.home(), "snapshot", "delete", ServedVolume.NAME + "@s" + i);
            }
            List<Map<String, Object>> left = list(served);
            assertThat(left).hasSize(1);
            assertThat(number(left.get(0), "heldBytes"))
                    .as("what the oldest holds, %s", left)
                    .isLessThanOrEqualTo(number(left.get(0), "usedBytes"));
            KiobdCli.ok(served.home(), "snapshot", "delete", oldest);
            assertThat(usedBytes(served.home()))
                    .as("bytes under the home, %d with snapshots", snapshotsBytes)
                    .isLessThan(1 << 20);
            served.server().stop();
        }
    }

    private static long number(Map<String, Object> answer, String name) {
        return answer.get(name) instanceof Number number ? number.longValue() : -1;
    }

    @SuppressWarnings("unchecked")
    private static List<Map<String, Object>> list(ServedVolume served) throws IOException {
        String answer = KiobdCli.ok(served.home(), "snapshot", "list", ServedVolume.NAME, "-o", "json");
        return (List<Map<String, Object>>)
                Objects.requireNonNull(JSON.std.mapFrom(answer).get("snapshots"));
    }

    /** Members lie elsewhere: under the home are only snapshots. */
    private static long usedBytes(Path home) {
        return Long.parseLong(HostCommand.output("du", "-s", "--block-size=1", home.toString())
                .split("\\s", 2)[0]);
    }

    @Test
    void filesOnExt4AreNotCopiedInSilence() throws Exception {
        try (LoopMount ext4 = LoopMount.make("ext4", folder);
                ServedVolume served =
                        ServedVolume.startFast(ext4.point(), Shape.STRIPED, "io_uring", 2L * BLOCKS * BLOCK)) {
            KiobdCli.Result refused = KiobdCli.run(served.home(), "snapshot", "create", ServedVolume.NAME + "@s");
            assertThat(refused.exitCode()).isEqualTo(1);
            assertThat(refused.err()).contains("file system cannot share", "xfs", "rocksdb", "kiobd copy");
            assertThat(KiobdCli.ok(served.home(), "snapshot", "list")).contains("no snapshots");
            try (RawNbdClient nbd =
                    RawNbdClient.attach(URI.create(served.server().unixUri()))) {
                assertThat(nbd.errnoOf(RawNbdClient.WRITE, 0, 0, BLOCK))
                        .as("a write behind it")
                        .isZero();
            }
            served.server().stop();
        }
    }
}
