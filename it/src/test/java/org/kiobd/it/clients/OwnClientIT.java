package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kiobd.it.kit.ServedVolume;
import org.kiobd.it.kit.ServedVolume.Shape;
import org.kiobd.it.kit.ServedVolume.Transport;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.client.BlockStatus;
import org.kiobd.nbd.client.ExportInfo;
import org.kiobd.nbd.client.ListedExport;
import org.kiobd.nbd.client.NbdClient;
import org.kiobd.nbd.client.NbdClientOptions;
import org.kiobd.nbd.client.NbdClientPool;
import org.kiobd.nbd.client.NbdConnector;
import org.kiobd.nbd.client.NbdException;
import org.kiobd.nbd.client.NbdUri;
import org.kiobd.nbd.client.ReadReply;
import org.kiobd.nbd.protocol.CommandFlags;
import org.kiobd.nbd.protocol.TransmissionFlags;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.loop.IoLoops;

/** Our client with other people's servers, and with ours as its users start it. */
@Timeout(180)
final class OwnClientIT {
    private static final int MIB = 1 << 20;
    private static final int SIZE_BYTES = 32 * MIB;
    private static final long SEED = 0x6f776eL;

    @TempDir
    private static Path folder;

    private static @Nullable IoLoops loops;

    /** Whom it talks to, and what comes of the handshake. */
    enum Peers {
        NBDKIT_MEMORY(HeaderStyle.STRUCTURED),
        NBDKIT_FILE(HeaderStyle.STRUCTURED),
        QEMU_NBD(HeaderStyle.STRUCTURED),
        NBD_SERVER(HeaderStyle.SIMPLE),
        KIOBD(HeaderStyle.EXTENDED);

        private final HeaderStyle style;

        Peers(HeaderStyle style) {
            this.style = style;
        }
    }

    /** A server under test, ours or another's. */
    private record Running(String uri, AutoCloseable server) implements AutoCloseable {
        @Override
        public void close() throws Exception {
            server.close();
        }
    }

    @BeforeAll
    static void startLoops() {
        loops = new IoLoops(IoEngine.best(), 2);
    }

    @AfterAll
    static void stopLoops() {
        loops().close();
    }

    private static IoLoops loops() {
        if (loops == null) {
            throw new IllegalStateException("no loops");
        }
        return loops;
    }

    private static Running start(Peers peer) throws IOException {
        Path own = Files.createTempDirectory(folder, "p");
        if (peer == Peers.KIOBD) {
            ServedVolume served = ServedVolume.start(own, Shape.STRIPED, "io_uring", SIZE_BYTES);
            return new Running(served.uri(Transport.UNIX), served);
        }
        Path image = own.resolve("image");
        try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
            file.setLength(SIZE_BYTES);
        }
        PeerServer server = switch (peer) {
            case NBDKIT_MEMORY -> PeerServer.nbdkit(own, false, "memory", "size=" + SIZE_BYTES);
            case NBDKIT_FILE -> PeerServer.nbdkit(own, false, "file", image.toString());
            case QEMU_NBD -> PeerServer.qemuNbd(own, image);
            case NBD_SERVER -> PeerServer.nbdServer(own, image);
            case KIOBD -> throw new IllegalStateException("not a peer");
        };
        return new Running(server.uri(), server);
    }

    private static NbdConnector connector(String uri) {
        return new NbdConnector(loops(), NbdUri.parse(uri), NbdClientOptions.DEFAULT);
    }

    private static <T extends @Nullable Object> T get(CompletableFuture<T> future) {
        return future.orTimeout(120, TimeUnit.SECONDS).join();
    }

    private static NbdException failure(CompletableFuture<?> future) {
        Throwable thrown = catchThrowable(() -> get(future));
        assertThat(thrown).isNotNull();
        return NbdException.of(thrown);
    }

    private static byte[] bytes(CompletableFuture<ReadReply> reading) {
        try (ReadReply reply = get(reading)) {
            return ByteBufUtil.getBytes(reply.bytes());
        }
    }

    private static byte[] pattern(int length) {
        byte[] bytes = new byte[length];
        new Random(SEED).nextBytes(bytes);
        return bytes;
    }

    private static int fua(ExportInfo export) {
        return export.has(TransmissionFlags.NBD_FLAG_SEND_FUA) ? CommandFlags.NBD_CMD_FLAG_FUA : 0;
    }

    @ParameterizedTest
    @EnumSource
    void everyCommandThatIsOfferedDoesWhatItSays(Peers peer) throws Exception {
        try (Running running = start(peer);
                NbdClient client = get(connector(running.uri).connect())) {
            ExportInfo export = client.export();
            assertThat(client.style()).as(client.toString()).isEqualTo(peer.style);
            assertThat(export.sizeBytes()).isEqualTo(SIZE_BYTES);
            byte[] expected = pattern(4 * MIB);
            get(client.write(MIB, Unpooled.wrappedBuffer(expected), fua(export)));
            get(client.flush());
            assertThat(bytes(client.read(MIB, expected.length, 0))).isEqualTo(expected);
            int unaligned = export.blocks().minimumBytes() == 1 ? 77 : 512;
            assertThat(bytes(client.read(MIB + 512, unaligned, 0)))
                    .isEqualTo(Arrays.copyOfRange(expected, 512, 512 + unaligned));
            if (export.has(TransmissionFlags.NBD_FLAG_SEND_WRITE_ZEROES)) {
                get(client.writeZeroes(MIB, 64 << 10, CommandFlags.NBD_CMD_FLAG_NO_HOLE | fua(export)));
                get(client.writeZeroes(MIB + (64 << 10), 64 << 10, 0));
                Arrays.fill(expected, 0, 128 << 10, (byte) 0);
            }
            if (export.has(TransmissionFlags.NBD_FLAG_SEND_TRIM)) {
                get(client.trim(2 * MIB, MIB, 0));
                get(client.write(2 * MIB, Unpooled.wrappedBuffer(expected, MIB, MIB), 0));
            }
            if (export.has(TransmissionFlags.NBD_FLAG_SEND_CACHE)) {
                get(client.cache(MIB, MIB, 0));
            }
            assertThat(bytes(client.read(MIB, expected.length, 0))).isEqualTo(expected);
            if (export.has(TransmissionFlags.NBD_FLAG_SEND_DF)) {
                assertThat(bytes(client.read(0, 2 * MIB, CommandFlags.NBD_CMD_FLAG_DF)))
                        .endsWith(Arrays.copyOf(expected, MIB));
            }
            get(client.disconnect());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"QEMU_NBD", "KIOBD"}) // nbdkit lists "" for any name; nbd-server says 0 bytes to NBD_OPT_INFO
    void exportsAreListedAndDescribed(Peers peer) throws Exception {
        try (Running running = start(peer)) {
            NbdConnector connector = connector(running.uri);
            List<ListedExport> listed = get(connector.list());
            String name = NbdUri.parse(running.uri).exportName();
            assertThat(listed).extracting(ListedExport::name).contains(name);
            assertThat(get(connector.info()).sizeBytes()).isEqualTo(SIZE_BYTES);
        }
    }

    @ParameterizedTest
    @EnumSource(names = "NBD_SERVER", mode = EnumSource.Mode.EXCLUDE)
    void holesAreSeenInReadsAndInBlockStatus(Peers peer) throws Exception {
        try (Running running = start(peer);
                NbdClient client = get(connector(running.uri).connect())) {
            assertThat(client.metaContexts()).containsExactly("base:allocation");
            get(client.write(8L * MIB, Unpooled.wrappedBuffer(pattern(MIB)), 0));
            get(client.flush());
            boolean[] data = new boolean[SIZE_BYTES / MIB];
            long at = 0;
            while (at < SIZE_BYTES) {
                List<BlockStatus.Extent> extents =
                        get(client.blockStatus(at, SIZE_BYTES - at, 0)).of("base:allocation");
                assertThat(extents).isNotEmpty();
                for (BlockStatus.Extent extent : extents) {
                    long end = Math.min(SIZE_BYTES, at + extent.lengthBytes());
                    if (extent.status() == 0) {
                        Arrays.fill(data, (int) (at / MIB), (int) ((end + MIB - 1) / MIB), true);
                    }
                    at = end;
                }
            }
            boolean[] expected = new boolean[data.length];
            expected[8] = true;
            assertThat(data).isEqualTo(expected);
            BlockStatus one = get(client.blockStatus(8L * MIB, 4096, CommandFlags.NBD_CMD_FLAG_REQ_ONE));
            assertThat(one.of("base:allocation")).containsExactly(new BlockStatus.Extent(4096, 0));
            try (ReadReply reply = get(client.read(7L * MIB, 3 * MIB, 0))) {
                byte[] read = ByteBufUtil.getBytes(reply.bytes());
                assertThat(Arrays.copyOfRange(read, MIB, 2 * MIB)).isEqualTo(pattern(MIB));
                assertThat(Arrays.copyOf(read, MIB)).isEqualTo(new byte[MIB]);
                long holes = reply.pieces().stream()
                        .filter(ReadPiece.Hole.class::isInstance)
                        .count();
                // nbdkit sends holes as zeros; the others say that they are holes.
                boolean tells = peer == Peers.QEMU_NBD || peer == Peers.KIOBD;
                assertThat(holes).isEqualTo(tells ? 2 : 0);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void severalConnectionsWriteAndReadAtOnce(Peers peer) throws Exception {
        try (Running running = start(peer);
                NbdClientPool pool = get(NbdClientPool.connect(connector(running.uri), 4))) {
            assertThat(pool.connections()).hasSize(pool.export().canMultiConn() ? 4 : 1);
            byte[] expected = pattern(8 * MIB);
            List<CompletableFuture<@Nullable Void>> writes = new ArrayList<>();
            for (int at = 0; at < expected.length; at += 16 << 10) {
                writes.add(pool.write(at, Unpooled.wrappedBuffer(expected, at, 16 << 10), 0));
            }
            writes.forEach(OwnClientIT::get);
            get(pool.flush());
            List<CompletableFuture<ReadReply>> reads = new ArrayList<>();
            for (int at = 0; at < expected.length; at += 64 << 10) {
                reads.add(pool.read(at, 64 << 10, 0));
            }
            int at = 0;
            for (CompletableFuture<ReadReply> read : reads) {
                assertThat(bytes(read)).isEqualTo(Arrays.copyOfRange(expected, at, at + (64 << 10)));
                at += 64 << 10;
            }
            get(pool.disconnect());
        }
    }

    @Test
    void anErrorOfAPeerFailsItsRequestOnly() throws IOException {
        Path own = Files.createTempDirectory(folder, "p");
        try (PeerServer server = PeerServer.nbdkit(
                        own,
                        false,
                        "--filter=error",
                        "memory",
                        "size=1M",
                        "error-pwrite=ENOSPC",
                        "error-pwrite-rate=100%");
                NbdClient client = get(connector(server.uri()).connect())) {
            NbdException error = failure(client.write(0, Unpooled.wrappedBuffer(new byte[512]), 0));
            assertThat(error.kind()).isEqualTo(NbdException.Kind.SERVER);
            assertThat(error).hasMessageContaining("NBD_ENOSPC to NBD_CMD_WRITE");
            assertThat(bytes(client.read(0, 512, 0))).isEqualTo(new byte[512]);
        }
    }

    @Test
    void aPeerThatDiesFailsWhatIsInFlight() throws IOException {
        Path own = Files.createTempDirectory(folder, "p");
        try (PeerServer server = PeerServer.nbdkit(own, false, "--filter=delay", "memory", "size=1M", "rdelay=3600");
                NbdClient client = get(connector(server.uri()).connect())) {
            CompletableFuture<ReadReply> read = client.read(0, 512, 0);
            server.kill();
            assertThat(failure(read)).hasMessageContaining("failedRequests=1");
        }
    }

    @Test
    void tlsIsHeldToItsCertificates() throws IOException {
        Certificates authority = new Certificates(folder.resolve("authority"), "authority");
        Certificates stranger = new Certificates(folder.resolve("stranger"), "stranger");
        Path serverFolder = authority.issue("server", "server", "localhost", 2);
        Path elsewhere = authority.issue("elsewhere", "server", "elsewhere.example", 2);
        Path client = authority.issue("client", "client", "client1", 2);
        Path own = Files.createTempDirectory(folder, "p");
        try (PeerServer server = nbdkitWithTls(own, serverFolder)) {
            String uri = server.uri() + "&tls-certificates=";
            try (NbdClient secure = get(connector(uri + client).connect())) {
                assertThat(secure.security().orElseThrow().protocol()).isEqualTo("TLSv1.3");
                byte[] expected = pattern(3 * MIB);
                get(secure.write(0, Unpooled.wrappedBuffer(expected), 0));
                assertThat(bytes(secure.read(0, expected.length, 0))).isEqualTo(expected);
                get(secure.disconnect());
            }
            assertThat(failure(connector(uri + stranger.trust()).connect())).hasMessageContaining("not signed");
            assertThat(failure(connector(uri + authority.trust()).connect()).kind())
                    .as("without a certificate of our own")
                    .isEqualTo(NbdException.Kind.LOST);
            assertThat(failure(connector(server.uri().replace("nbds+", "nbd+")).connect()))
                    .as("in plain text")
                    .hasMessageContaining("NBD_REP_ERR_TLS_REQD");
            assertThat(failure(connector(uri + client + "&tls-hostname=somebody.else")
                            .connect()))
                    .hasMessageContaining("for another name");
        }
        try (PeerServer server = nbdkitWithTls(Files.createTempDirectory(folder, "p"), elsewhere)) {
            assertThat(failure(connector(server.uri() + "&tls-certificates=" + client)
                            .connect()))
                    .hasMessageContaining("for another name");
        }
        try (PeerServer server = PeerServer.nbdkit(Files.createTempDirectory(folder, "p"), true, "memory", "size=1M")) {
            assertThat(failure(connector(server.uri()).connect())).hasMessageContaining("does not speak TLS");
        }
    }

    private static PeerServer nbdkitWithTls(Path own, Path certificates) throws IOException {
        return PeerServer.nbdkit(
                own,
                true,
                "--tls=require",
                "--tls-certificates=" + certificates,
                "--tls-verify-peer",
                "memory",
                "size=8M");
    }
}
