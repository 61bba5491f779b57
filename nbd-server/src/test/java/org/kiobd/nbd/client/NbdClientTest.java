package org.kiobd.nbd.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.NbdLimits;
import org.kiobd.nbd.client.BlockStatus.Extent;
import org.kiobd.nbd.protocol.CommandFlags;
import org.kiobd.nbd.protocol.NbdErrno;
import org.kiobd.nbd.testkit.MemoryDevice;
import org.kiobd.nbd.testkit.RunningServer;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.IoError;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.loop.IoEngine;
import org.kiobd.volume.testkit.LeakCheck;

/** The client against our own server, over real sockets, on every engine. */
@ParameterizedClass
@EnumSource(IoEngine.class)
@ExtendWith(LeakCheck.class)
@Timeout(120)
final class NbdClientTest {
    private static final int MIB = 1 << 20;
    private static final long SEED = 0x636c69656e74L;

    private final MemoryDevice device = new MemoryDevice(16 * MIB);
    private final RunningServer running;
    private final List<NbdClient> clients = new ArrayList<>();

    NbdClientTest(IoEngine engine) throws IOException {
        running = new RunningServer(engine, 2, device, NbdLimits.DEFAULT);
    }

    @AfterEach
    void stop() throws IOException {
        device.release();
        clients.forEach(NbdClient::close);
        running.close();
    }

    private NbdConnector connector(URI uri, NbdClientOptions options) {
        return new NbdConnector(running.loops(), NbdUri.parse(uri.toString()), options);
    }

    private NbdClient connect(URI uri, NbdClientOptions options) {
        NbdClient client = get(connector(uri, options).connect());
        clients.add(client);
        return client;
    }

    private NbdClient connect(HeaderStyle style) {
        return connect(running.tcp(), NbdClientOptions.DEFAULT.withBestStyle(style));
    }

    private static <T extends @Nullable Object> T get(CompletableFuture<T> future) {
        return future.orTimeout(60, TimeUnit.SECONDS).join();
    }

    private static NbdException failure(CompletableFuture<?> future) {
        Throwable thrown = catchThrowable(() -> get(future));
        assertThat(thrown).isNotNull();
        return NbdException.of(thrown);
    }

    private static byte[] pattern(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static byte[] bytes(CompletableFuture<ReadReply> reading) {
        try (ReadReply reply = get(reading)) {
            return ByteBufUtil.getBytes(reply.bytes());
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatIsWrittenIsReadInEveryStyleAndTransport(HeaderStyle style) {
        for (URI uri : List.of(running.tcp(), running.unix())) {
            NbdClient client = connect(uri, NbdClientOptions.DEFAULT.withBestStyle(style));
            assertThat(client.style()).isEqualTo(style);
            assertThat(client.export().sizeBytes()).isEqualTo(16 * MIB);
            assertThat(client.export().name()).isEqualTo("memory");
            assertThat(client.export().description()).isEqualTo("for tests");
            assertThat(client.maxPayloadBytes()).isEqualTo(64 * MIB);
            byte[] data = pattern(5 * MIB + 17, SEED);
            get(client.write(12345, Unpooled.wrappedBuffer(data), CommandFlags.NBD_CMD_FLAG_FUA));
            assertThat(bytes(client.read(12345, data.length, 0))).isEqualTo(data);
            get(client.flush());
            get(client.disconnect());
            assertThat(failure(client.flush()).kind()).isNotEqualTo(NbdException.Kind.SERVER);
        }
        assertThat(device.flushes()).isEqualTo(2);
        assertThat(device.durable()).isEqualTo(2);
    }

    @ParameterizedTest
    @EnumSource
    void everyOtherCommandArrives(HeaderStyle style) {
        NbdClient client = connect(style);
        get(client.write(0, Unpooled.wrappedBuffer(pattern(8192, SEED)), 0));
        get(client.trim(0, 4096, 0));
        get(client.writeZeroes(4096, 2048, CommandFlags.NBD_CMD_FLAG_NO_HOLE | CommandFlags.NBD_CMD_FLAG_FUA));
        get(client.cache(0, 8192, 0));
        byte[] expected = new byte[8192];
        System.arraycopy(pattern(8192, SEED), 6144, expected, 6144, 2048);
        assertThat(bytes(client.read(0, 8192, 0))).isEqualTo(expected);
        assertThat(device.durable()).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource(names = {"STRUCTURED", "EXTENDED"})
    void holesAndStatusAreSeen(HeaderStyle style) {
        NbdClientOptions options =
                NbdClientOptions.DEFAULT.withBestStyle(style).withMetaContexts("base:allocation", "kiobd:member");
        NbdClient client = connect(running.tcp(), options);
        get(client.write(0, Unpooled.wrappedBuffer(pattern(16384, SEED)), 0));
        device.makeHole(new ByteRange(4096, 4096));
        assertThat(client.metaContexts()).containsExactlyInAnyOrder("base:allocation", "kiobd:member");
        try (ReadReply reply = get(client.read(2048, 8192, 0))) {
            assertThat(reply.pieces().stream().map(ReadPiece::lengthBytes)).containsExactly(2048L, 4096L, 2048L);
            assertThat(reply.pieces().get(1)).isInstanceOf(ReadPiece.Hole.class);
        }
        byte[] expected = pattern(16384, SEED);
        Arrays.fill(expected, 4096, 8192, (byte) 0);
        assertThat(bytes(client.read(0, 16384, 0))).isEqualTo(expected);
        assertThat(bytes(client.read(0, 16384, CommandFlags.NBD_CMD_FLAG_DF))).isEqualTo(expected);
        BlockStatus status = get(client.blockStatus(0, 16384, 0));
        assertThat(status.of("base:allocation"))
                .containsExactly(new Extent(4096, 0), new Extent(4096, 3), new Extent(8192, 0));
        assertThat(status.of("kiobd:member")).startsWith(new Extent(4096, 0), new Extent(4096, 1));
        BlockStatus one = get(client.blockStatus(0, 16384, CommandFlags.NBD_CMD_FLAG_REQ_ONE));
        assertThat(one.of("base:allocation")).containsExactly(new Extent(4096, 0));
        CompletableFuture<BlockStatus> filtered = client.blockStatusOf(List.of("kiobd:member"), 0, 4096, 0);
        if (style == HeaderStyle.EXTENDED) {
            assertThat(get(filtered).contexts()).isEqualTo(Map.of("kiobd:member", List.of(new Extent(4096, 0))));
        } else {
            assertThat(failure(filtered).kind()).isEqualTo(NbdException.Kind.REFUSED);
        }
    }

    @Test
    void listInfoAndContextsAreAsked() {
        NbdConnector connector = connector(running.tcp(), NbdClientOptions.DEFAULT);
        assertThat(get(connector.list())).containsExactly(new ListedExport("memory", "for tests"));
        assertThat(get(connector.info()).sizeBytes()).isEqualTo(16 * MIB);
        assertThat(get(connector.metaContexts(List.of()))).containsExactly("base:allocation", "kiobd:member");
        assertThat(get(connector.metaContexts(List.of("kiobd:")))).containsExactly("kiobd:member");
        NbdException unknown = failure(connector(running.tcp().resolve("/nobody"), NbdClientOptions.DEFAULT)
                .connect());
        assertThat(unknown).hasMessageContaining("NBD_REP_ERR_UNKNOWN").hasMessageContaining("nobody");
    }

    @Test
    void rule4_manyInFlightAreAllAnsweredInTheCallersOwnMemory() {
        NbdClient client = connect(running.unix(), NbdClientOptions.DEFAULT.withInFlight(16, 1 << 18, 4096));
        byte[] all = pattern(8 * MIB, SEED);
        List<CompletableFuture<@Nullable Void>> writes = new ArrayList<>();
        for (int at = 0; at < all.length; at += 8192) {
            writes.add(client.write(at, Unpooled.wrappedBuffer(all, at, 8192), 0));
        }
        writes.forEach(NbdClientTest::get);
        ByteBuf memory = PooledByteBufAllocator.DEFAULT.directBuffer(all.length, all.length);
        List<CompletableFuture<ReadReply>> reads = new ArrayList<>();
        for (int at = 0; at < all.length; at += 8192) {
            reads.add(client.read(at, Fragment.of(memory.retain(), at, 8192), 0));
        }
        reads.forEach(read -> get(read).close());
        memory.writerIndex(all.length);
        assertThat(ByteBufUtil.getBytes(memory)).isEqualTo(all);
        assertThat(memory.refCnt()).isEqualTo(1);
        memory.release();
    }

    @Test
    void rule4_beyondTheLimitsRequestsWaitAndThenAreRefused() {
        device.hold();
        NbdClient client = connect(running.tcp(), NbdClientOptions.DEFAULT.withInFlight(2, 1 << 20, 1));
        List<CompletableFuture<ReadReply>> accepted = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            accepted.add(client.read(0, 512, 0));
        }
        NbdException refused = failure(client.read(0, 512, 0));
        assertThat(refused.kind()).isEqualTo(NbdException.Kind.REFUSED);
        assertThat(refused.errno()).isEqualTo(NbdErrno.NBD_ENOMEM);
        CompletableFuture<@Nullable Void> room = client.room();
        assertThat(room).isNotDone();
        device.release();
        get(room);
        accepted.forEach(read -> get(read).close());
    }

    @ParameterizedTest
    @EnumSource
    void theServersErrorsComeWithTheirText(HeaderStyle style) {
        NbdClient client = connect(style);
        device.failWith(IoError.NO_SPACE);
        NbdException error = failure(client.write(0, Unpooled.wrappedBuffer(new byte[512]), 0));
        assertThat(error.kind()).isEqualTo(NbdException.Kind.SERVER);
        assertThat(error.errno()).isEqualTo(NbdErrno.NBD_ENOSPC);
        assertThat(error).hasMessageContaining("NBD_CMD_WRITE offset=0 lengthBytes=512");
        assertThat(error.serverText().isEmpty()).isEqualTo(style == HeaderStyle.SIMPLE);
        assertThat(failure(client.read(0, 512, 0)).errno()).isEqualTo(NbdErrno.NBD_ENOSPC);
        device.failWith(null);
        assertThat(bytes(client.read(0, 512, 0))).isEqualTo(new byte[512]);
    }

    @Test
    void rule3_whatTheServerCouldOnlyRefuseIsNotSent() {
        NbdClient client = connect(HeaderStyle.SIMPLE);
        int issued = device.issued();
        assertThat(failure(client.read(16 * MIB - 1, 2, 0)).errno()).isEqualTo(NbdErrno.NBD_EINVAL);
        assertThat(failure(client.read(0, 0, 0)).errno()).isEqualTo(NbdErrno.NBD_EINVAL);
        assertThat(failure(client.read(0, 1, CommandFlags.NBD_CMD_FLAG_DF)).errno())
                .isEqualTo(NbdErrno.NBD_ENOTSUP);
        assertThat(failure(client.blockStatus(0, 1, 0)).errno()).isEqualTo(NbdErrno.NBD_ENOTSUP);
        ByteBuf payload = PooledByteBufAllocator.DEFAULT.buffer(8).writeLong(1);
        assertThat(failure(client.write(-1, payload, 0)).kind()).isEqualTo(NbdException.Kind.REFUSED);
        assertThat(payload.refCnt()).isZero();
        assertThat(device.issued()).isEqualTo(issued);
    }

    @Test
    void rule1_aLostConnectionFailsEverythingInFlightWithOneReason() {
        device.hold();
        NbdClient client = connect(HeaderStyle.EXTENDED);
        List<CompletableFuture<ReadReply>> reads = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            reads.add(client.read(i * 512L, 512, 0));
        }
        client.close();
        for (CompletableFuture<ReadReply> read : reads) {
            NbdException lost = failure(read);
            assertThat(lost.kind()).isEqualTo(NbdException.Kind.LOST);
            assertThat(lost).hasMessageContaining("closed here").hasMessageContaining("failedRequests=");
        }
        get(client.closed());
        assertThat(failure(client.flush()).kind()).isEqualTo(NbdException.Kind.LOST);
    }

    @Test
    void severalConnectionsShareTheWork() {
        NbdConnector connector = connector(running.tcp(), NbdClientOptions.DEFAULT);
        try (NbdClientPool pool = get(NbdClientPool.connect(connector, 4))) {
            assertThat(pool.connections()).hasSize(4);
            byte[] all = pattern(4 * MIB, SEED);
            List<CompletableFuture<@Nullable Void>> writes = new ArrayList<>();
            for (int at = 0; at < all.length; at += 4096) {
                writes.add(pool.write(at, Unpooled.wrappedBuffer(all, at, 4096), 0));
            }
            writes.forEach(NbdClientTest::get);
            get(pool.flush());
            assertThat(bytes(pool.read(0, all.length, 0))).isEqualTo(all);
            pool.connections().get(0).close();
            for (int i = 0; i < 8; i++) {
                assertThat(bytes(pool.read(4096, 4096, 0))).isEqualTo(Arrays.copyOfRange(all, 4096, 8192));
            }
            get(pool.disconnect());
        }
    }

    @Test
    void nobodyThereIsSaidSo() {
        NbdConnector nobody = new NbdConnector(
                running.loops(), NbdUri.parse("nbd+unix:///x?socket=/nowhere/at/all"), NbdClientOptions.DEFAULT);
        NbdException failure = failure(nobody.connect());
        assertThat(failure.kind()).isEqualTo(NbdException.Kind.LOST);
        assertThat(failure).hasMessageContaining("/nowhere/at/all");
    }
}
