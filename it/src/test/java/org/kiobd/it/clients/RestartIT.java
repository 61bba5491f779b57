package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.it.kit.KiobdCli;
import org.kiobd.it.kit.KiobdServer;
import org.kiobd.it.kit.RunLength;
import org.kiobd.it.kit.ServedVolume;
import org.kiobd.it.kit.ServedVolume.Shape;
import org.kiobd.nbd.testkit.RawNbdClient;

/** A server that ends in the middle of work, politely or not: every write it acknowledged is there when it is back. */
@Timeout(900)
final class RestartIT {
    private static final int BLOCK = 4096;
    private static final int BLOCKS = 4 * 1024;
    private static final int CLIENTS = 2;
    private static final int DEPTH = 32;

    /** Blocks each client has written, at least, when the server is told to end. */
    private static final int UNDER_WAY = 16 * DEPTH;

    /** Odd, so that multiplying by it runs through all blocks: neighbours in time are not neighbours on the device. */
    private static final int STRIDE = 1_027;

    @TempDir
    private Path folder;

    private int run;

    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll"})
    void sigtermUnderLoadFinishesWhatWasAcceptedAndEndsIn0(String engine) throws Exception {
        try (ServedVolume served = ServedVolume.startFast(folder, engine, (long) BLOCKS * BLOCK)) {
            List<int[]> acknowledged =
                    writeUntilCut(served, () -> served.server().stop());
            served.restart();
            assertAllThere(served.server().unixUri(), acknowledged);
        }
    }

    @Test
    void sigintEndsIn0AsWell() throws Exception {
        try (ServedVolume served = ServedVolume.startFast(folder, "io_uring", (long) BLOCKS * BLOCK)) {
            List<int[]> acknowledged =
                    writeUntilCut(served, () -> served.server().interrupt());
            served.restart();
            assertAllThere(served.server().unixUri(), acknowledged);
        }
    }

    @ParameterizedTest
    @CsvSource({"STRIPED, io_uring", "STRIPED, epoll", "ROCKSDB, io_uring", "MIXED, epoll"})
    @Tag("one-lane")
    void rule7_sigkillUnderLoadLosesNothingThatWasAcknowledged(Shape shape, String engine) throws Exception {
        try (ServedVolume served = ServedVolume.startFast(folder, shape, engine, (long) BLOCKS * BLOCK)) {
            List<int[]> acknowledged = writeUntilCut(served, served.server()::kill);
            served.restart();
            assertAllThere(served.server().unixUri(), acknowledged);
            served.server().kill();

            // The manifest is lost as well: the members alone bring the volume back.
            Path otherHome = folder.resolve("other-home");
            List<String> assemble = new ArrayList<>(List.of("assemble"));
            assemble.addAll(served.memberUris());
            KiobdCli.ok(otherHome, assemble.toArray(String[]::new));
            assertThat(KiobdCli.ok(otherHome, "list")).contains(ServedVolume.NAME);
            try (KiobdServer server = KiobdServer.in(otherHome)
                    .start("serve", ServedVolume.NAME, "--engine", engine, "--listen", "127.0.0.1:0")) {
                assertAllThere(server.tcpUri(), acknowledged);
                server.stop();
            }
        }
    }

    /** Again and again on one volume; how often says {@code -Dkiobd.crash.rounds}. */
    @ParameterizedTest
    @CsvSource({"STRIPED, io_uring", "ROCKSDB, epoll"})
    @Tag("one-lane")
    void rule7_noSigkillOfManyLosesAnything(Shape shape, String engine) throws Exception {
        int rounds = Integer.getInteger("kiobd.crash.rounds", RunLength.rounds(2, 3));
        try (ServedVolume served = ServedVolume.startFast(folder, shape, engine, (long) BLOCKS * BLOCK)) {
            for (int i = 0; i < rounds; i++) {
                List<int[]> acknowledged = writeUntilCut(served, served.server()::kill);
                served.restart();
                assertAllThere(served.server().unixUri(), acknowledged);
            }
        }
        System.out.println("killed and found whole: " + shape + " over " + engine + ", rounds=" + rounds);
    }

    /** What is looked for can be found: a store that keeps its log in the process loses what was acknowledged. */
    @Test
    @Tag("one-lane")
    void rule7_aStoreThatAcknowledgesTooEarlyIsCaught() throws Exception {
        String broken = "-Dkiobd.rocksdb.unsafe-manual-wal-flush=true";
        try (ServedVolume served =
                ServedVolume.startWith(broken, folder, Shape.ROCKSDB, "io_uring", (long) BLOCKS * BLOCK)) {
            List<int[]> acknowledged = writeUntilCut(served, served.server()::kill);
            served.restart();
            String uri = served.server().unixUri();
            assertThatThrownBy(() -> assertAllThere(uri, acknowledged)).isInstanceOf(AssertionError.class);
        }
    }

    private List<int[]> writeUntilCut(ServedVolume served, Runnable end) throws Exception {
        // Part of every block, so that one left over from the run before is not taken for one of this.
        run++;
        CountDownLatch underWay = new CountDownLatch(CLIENTS);
        List<FutureTask<int[]>> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            int client = i;
            FutureTask<int[]> task =
                    new FutureTask<>(() -> write(served.server().unixUri(), client, underWay));
            new Thread(task, "writer-" + i).start();
            clients.add(task);
        }
        assertThat(underWay.await(60, TimeUnit.SECONDS)).isTrue();
        end.run();
        List<int[]> acknowledged = new ArrayList<>();
        for (FutureTask<int[]> client : clients) {
            acknowledged.add(client.get(60, TimeUnit.SECONDS));
        }
        return acknowledged;
    }

    /**
     * Writes this client's blocks, 32 at a time, again and again, until the server goes away.
     *
     * @return for each block, the last round in which its write was acknowledged
     */
    private int[] write(String uri, int client, CountDownLatch underWay) throws IOException {
        int[] acknowledged = new int[BLOCKS / CLIENTS];
        try (RawNbdClient nbd = RawNbdClient.attach(URI.create(uri))) {
            ByteBuffer batch = ByteBuffer.allocate(DEPTH * (RawNbdClient.REQUEST_BYTES + BLOCK));
            for (int round = 1; ; round++) {
                for (int first = 0; first < acknowledged.length; first += DEPTH) {
                    batch.clear();
                    for (int n = first; n < first + DEPTH; n++) {
                        RawNbdClient.putRequest(batch, RawNbdClient.WRITE, n, offset(client, n), BLOCK);
                        fill(batch, client, n, round);
                    }
                    nbd.send(batch.flip());
                    for (int i = 0; i < DEPTH; i++) {
                        RawNbdClient.Reply reply = nbd.readReply();
                        if (reply.errno() != 0) {
                            throw new IllegalStateException("write refused: " + reply);
                        }
                        acknowledged[(int) reply.cookie()] = round;
                    }
                    if (round == 1 && first == UNDER_WAY) {
                        underWay.countDown();
                    }
                }
            }
        } catch (IOException cut) {
            return acknowledged;
        }
    }

    private static long offset(int client, int n) {
        return Math.floorMod((long) (n * CLIENTS + client) * STRIDE, (long) BLOCKS) * BLOCK;
    }

    private void fill(ByteBuffer buffer, int client, int n, int round) {
        for (int i = 0; i < BLOCK / 8; i++) {
            buffer.putLong((long) round << 48 | (long) client << 40 | (long) n << 16 | (long) run << 9 | i);
        }
    }

    /** A block holds the round that was acknowledged, or the next, which was on its way. */
    private void assertAllThere(String uri, List<int[]> acknowledged) throws IOException {
        byte[] volume;
        try (RawNbdClient nbd = RawNbdClient.attach(URI.create(uri))) {
            volume = nbd.read(0, BLOCKS * BLOCK);
        }
        ByteBuffer expected = ByteBuffer.allocate(BLOCK);
        for (int client = 0; client < acknowledged.size(); client++) {
            int[] rounds = acknowledged.get(client);
            assertThat(rounds[0]).as("rounds of the first block").isPositive();
            for (int n = 0; n < rounds.length; n++) {
                if (rounds[n] > 0) {
                    int offset = (int) offset(client, n);
                    byte[] found = Arrays.copyOfRange(volume, offset, offset + BLOCK);
                    boolean next = ByteBuffer.wrap(found).getShort() == rounds[n] + 1;
                    fill(expected.clear(), client, n, next ? rounds[n] + 1 : rounds[n]);
                    assertThat(found).as("client=%d block=%d", client, n).isEqualTo(expected.array());
                }
            }
        }
    }
}
