package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.it.KiobdCli;
import org.kiobd.it.clients.ServedVolume.Shape;

/** A server that ends in the middle of work, politely or not: every write it acknowledged is there when it is back. */
@Timeout(120)
final class RestartIT {
    private static final int BLOCK = 4096;
    private static final int BLOCKS = 16 * 1024;
    private static final int CLIENTS = 2;
    private static final int DEPTH = 32;
    /** Acknowledged by each client before the server is told to end. */
    private static final int UNDER_WAY = 2_000;

    /** Odd, so that multiplying by it runs through all blocks: neighbours in time are not neighbours on the device. */
    private static final int STRIDE = 4_099;

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll"})
    void sigtermUnderLoadFinishesWhatWasAcceptedAndEndsIn0(String engine) throws Exception {
        try (ServedVolume served = ServedVolume.start(folder, Shape.STRIPED, engine, (long) BLOCKS * BLOCK)) {
            List<BitSet> acknowledged =
                    writeUntilCut(served, () -> served.server().stop());
            served.restart();
            assertAllThere(served.server().unixUri(), acknowledged);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"io_uring", "epoll"})
    void sigkillUnderLoadLosesNothingThatWasAcknowledged(String engine) throws Exception {
        try (ServedVolume served = ServedVolume.start(folder, Shape.STRIPED, engine, (long) BLOCKS * BLOCK)) {
            List<BitSet> acknowledged = writeUntilCut(served, served.server()::kill);
            served.restart();
            assertAllThere(served.server().unixUri(), acknowledged);
            served.server().kill();

            // The manifest is lost as well: the members alone bring the volume back.
            Path otherHome = folder.resolve("other-home");
            List<String> assemble = new ArrayList<>(List.of("assemble"));
            for (Path file : served.files()) {
                assemble.add("file:" + file);
            }
            KiobdCli.ok(otherHome, assemble.toArray(String[]::new));
            assertThat(KiobdCli.ok(otherHome, "list")).contains(ServedVolume.NAME);
            try (Server server = Server.in(otherHome)
                    .start("serve", ServedVolume.NAME, "--engine", engine, "--listen", "127.0.0.1:0")) {
                assertAllThere(server.tcpUri(), acknowledged);
                server.stop();
            }
        }
    }

    private static List<BitSet> writeUntilCut(ServedVolume served, Runnable end) throws Exception {
        CountDownLatch underWay = new CountDownLatch(CLIENTS);
        List<FutureTask<BitSet>> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            int client = i;
            FutureTask<BitSet> task =
                    new FutureTask<>(() -> write(served.server().unixUri(), client, underWay));
            new Thread(task, "writer-" + i).start();
            clients.add(task);
        }
        assertThat(underWay.await(60, TimeUnit.SECONDS)).isTrue();
        end.run();
        List<BitSet> acknowledged = new ArrayList<>();
        for (FutureTask<BitSet> client : clients) {
            try {
                acknowledged.add(client.get(60, TimeUnit.SECONDS));
            } catch (ExecutionException e) {
                throw new AssertionError("a writer failed with something other than a cut", e);
            }
        }
        return acknowledged;
    }

    /** Writes this client's blocks, 32 at a time, until the server goes away; bit n stands for its n-th block. */
    private static BitSet write(String uri, int client, CountDownLatch underWay) throws IOException {
        BitSet acknowledged = new BitSet();
        try (RawNbd nbd = RawNbd.attach(uri)) {
            ByteBuffer batch = ByteBuffer.allocate(DEPTH * (RawNbd.HEADER_BYTES + BLOCK));
            for (int first = 0; first < BLOCKS / CLIENTS; first += DEPTH) {
                batch.clear();
                for (int n = first; n < first + DEPTH; n++) {
                    RawNbd.putRequest(batch, RawNbd.WRITE, n, offset(client, n), BLOCK);
                    fill(batch, client, n);
                }
                nbd.send(batch.flip());
                for (int i = 0; i < DEPTH; i++) {
                    RawNbd.Reply reply = nbd.readReply();
                    if (reply.error() != 0) {
                        throw new IllegalStateException("write refused: " + reply);
                    }
                    acknowledged.set((int) reply.cookie());
                }
                if (acknowledged.cardinality() >= UNDER_WAY) {
                    underWay.countDown();
                }
            }
            throw new IllegalStateException("the server outlived " + BLOCKS / CLIENTS + " writes: cut too late");
        } catch (IOException cut) {
            return acknowledged;
        }
    }

    private static long offset(int client, int n) {
        return Math.floorMod((long) (n * CLIENTS + client) * STRIDE, (long) BLOCKS) * BLOCK;
    }

    private static void fill(ByteBuffer buffer, int client, int n) {
        for (int i = 0; i < BLOCK / 8; i++) {
            buffer.putLong((long) (client + 1) << 48 | (long) n << 16 | i);
        }
    }

    private static void assertAllThere(String uri, List<BitSet> acknowledged) throws IOException {
        ByteBuffer expected = ByteBuffer.allocate(BLOCK);
        try (RawNbd nbd = RawNbd.attach(uri)) {
            for (int client = 0; client < acknowledged.size(); client++) {
                BitSet blocks = acknowledged.get(client);
                assertThat(blocks.cardinality()).isGreaterThanOrEqualTo(UNDER_WAY);
                for (int n = blocks.nextSetBit(0); n >= 0; n = blocks.nextSetBit(n + 1)) {
                    fill(expected.clear(), client, n);
                    assertThat(nbd.read(offset(client, n), BLOCK))
                            .as("client=%d block=%d", client, n)
                            .isEqualTo(expected.array());
                }
            }
        }
    }
}
