package org.kiobd.nbd.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kiobd.nbd.client.ScriptedConnection.ALLOCATION;
import static org.kiobd.nbd.client.ScriptedConnection.OTHER;
import static org.kiobd.nbd.client.ScriptedConnection.array;
import static org.kiobd.nbd.client.ScriptedConnection.data;
import static org.kiobd.nbd.client.ScriptedConnection.error;
import static org.kiobd.nbd.client.ScriptedConnection.errorAt;
import static org.kiobd.nbd.client.ScriptedConnection.hole;
import static org.kiobd.nbd.client.ScriptedConnection.join;
import static org.kiobd.nbd.client.ScriptedConnection.simple;
import static org.kiobd.nbd.protocol.NbdReplyType.BLOCK_STATUS;
import static org.kiobd.nbd.protocol.NbdReplyType.BLOCK_STATUS_EXT;
import static org.kiobd.nbd.protocol.NbdReplyType.ERROR;
import static org.kiobd.nbd.protocol.NbdReplyType.ERROR_OFFSET;
import static org.kiobd.nbd.protocol.NbdReplyType.NONE;
import static org.kiobd.nbd.protocol.NbdReplyType.OFFSET_DATA;
import static org.kiobd.nbd.protocol.NbdReplyType.OFFSET_HOLE;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.protocol.CommandFlags;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.testkit.LeakCheck;

/** Replies no server may send: each ends its connection, with a word about what was wrong, and leaves no memory behind. */
@Tag("one-lane")
@ExtendWith(LeakCheck.class)
final class BrokenReplyTest {
    /** The requests that are under way, by their cookies. */
    private static final int READ = 1;

    private static final int WRITE = 2;
    private static final int STATUS = 3;
    private static final int ONE_STATUS = 4;
    private static final int WHOLE_READ = 5;
    private static final long READ_OFFSET = 4096;
    private static final long STATUS_OFFSET = 512;
    private static final byte[] NOTHING = {};

    /** @param says a part of what the failure has to say */
    private record Case(String name, HeaderStyle style, Function<ScriptedConnection, byte[]> stream, String says) {
        @Override
        public String toString() {
            return name + " (" + style + ")";
        }
    }

    private static final List<Case> CASES = new ArrayList<>();

    private static void simpleCase(String name, String says, Function<ScriptedConnection, byte[]> stream) {
        CASES.add(new Case(name, HeaderStyle.SIMPLE, stream, says));
    }

    /** One for structured, one for extended replies. */
    private static void chunkCase(String name, String says, Function<ScriptedConnection, byte[]> stream) {
        CASES.add(new Case(name, HeaderStyle.STRUCTURED, stream, says));
        CASES.add(new Case(name, HeaderStyle.EXTENDED, stream, says));
    }

    private static byte[] read(ScriptedConnection wire, boolean done, byte[] dataOrHole, boolean isHole) {
        return wire.chunk(done, isHole ? OFFSET_HOLE : OFFSET_DATA, READ, READ_OFFSET, dataOrHole);
    }

    private static byte[] status(ScriptedConnection wire, int cookie, boolean done, byte[] payload) {
        boolean extended = wire.client().style() == HeaderStyle.EXTENDED;
        return wire.chunk(done, extended ? BLOCK_STATUS_EXT : BLOCK_STATUS, cookie, STATUS_OFFSET, payload);
    }

    static {
        simpleCase("magic", "wrong magic", wire -> new byte[16]);
        simpleCase("unknown cookie", "not made: cookie=99", wire -> simple(0, 99));
        simpleCase("second reply", "not made: cookie=2", wire -> join(simple(0, WRITE), simple(0, WRITE)));
        simpleCase(
                "chunk in simple mode",
                "wrong magic",
                wire -> Unpooled.copyInt(0x668e33ef).array());
        chunkCase("magic", "wrong magic", wire -> new byte[40]);
        chunkCase("unknown cookie", "not made: cookie=77", wire -> wire.chunk(true, NONE, 77, 0, NOTHING));
        chunkCase(
                "NONE with payload", "type=NBD_REPLY_TYPE_NONE", wire -> wire.chunk(true, NONE, WRITE, 0, new byte[4]));
        chunkCase("NONE not done", "type=NBD_REPLY_TYPE_NONE", wire -> wire.chunk(false, NONE, WRITE, 0, NOTHING));
        chunkCase("unknown type", "type=4711", wire -> wire.chunk(true, 4711, WRITE, 0, NOTHING));
        chunkCase(
                "data for a write",
                "did not ask for",
                wire -> wire.chunk(true, OFFSET_DATA, WRITE, 0, data(0, (byte) 1)));
        chunkCase("hole for a write", "did not ask for", wire -> wire.chunk(true, OFFSET_HOLE, WRITE, 0, hole(0, 1)));
        chunkCase("status for a read", "did not ask for", wire -> {
            boolean extended = wire.client().style() == HeaderStyle.EXTENDED;
            byte[] payload = wire.status(ALLOCATION, 1, 0);
            return wire.chunk(true, extended ? BLOCK_STATUS_EXT : BLOCK_STATUS, READ, READ_OFFSET, payload);
        });
        chunkCase(
                "data for a status",
                "did not ask for",
                wire -> wire.chunk(true, OFFSET_DATA, STATUS, STATUS_OFFSET, data(STATUS_OFFSET, (byte) 1)));
        chunkCase("data without bytes", "payloadBytes=8", wire -> read(wire, true, data(READ_OFFSET), false));
        chunkCase(
                "data before the range",
                "outside of it",
                wire -> read(wire, true, data(READ_OFFSET - 1, new byte[16]), false));
        chunkCase(
                "data beyond the range",
                "outside of it",
                wire -> read(wire, true, data(READ_OFFSET + 1, new byte[16]), false));
        chunkCase("data at 2^63", "outside of it", wire -> read(wire, true, data(Long.MIN_VALUE, new byte[16]), false));
        chunkCase("data at 2^64-1", "outside of it", wire -> read(wire, true, data(-1, new byte[16]), false));
        chunkCase("a hole of nothing", "outside of it", wire -> read(wire, false, hole(READ_OFFSET, 0), true));
        chunkCase("a hole of 4 GiB", "outside of it", wire -> read(wire, false, hole(READ_OFFSET, -1), true));
        chunkCase(
                "a long hole chunk",
                "payloadBytes=13",
                wire -> read(wire, false, join(hole(READ_OFFSET, 1), new byte[1]), true));
        chunkCase(
                "overlapping data",
                "overlapping",
                wire -> join(
                        read(wire, false, data(READ_OFFSET, new byte[8]), false),
                        read(wire, false, data(READ_OFFSET + 7, new byte[2]), false)));
        chunkCase(
                "a hole over data",
                "overlapping",
                wire -> join(
                        read(wire, false, data(READ_OFFSET + 4, new byte[4]), false),
                        read(wire, false, hole(READ_OFFSET, 16), true)));
        chunkCase(
                "missing bytes",
                "only 15 of its bytes",
                wire -> read(wire, true, data(READ_OFFSET, new byte[15]), false));
        chunkCase("no bytes", "only 0 of its bytes", wire -> wire.chunk(true, NONE, READ, READ_OFFSET, NOTHING));
        chunkCase(
                "fragmented",
                "not to be fragmented",
                wire -> join(
                        wire.chunk(false, OFFSET_DATA, WHOLE_READ, 0, data(0, new byte[4])),
                        wire.chunk(true, OFFSET_DATA, WHOLE_READ, 0, data(4, new byte[4]))));
        chunkCase(
                "data of 4 GiB",
                "outside of it",
                wire -> join(
                        array(wire.header(true, OFFSET_DATA.wire(), READ, READ_OFFSET, 0xffffffffL)),
                        data(READ_OFFSET)));
    }

    static {
        chunkCase("error of nothing", "errno=0", wire -> wire.chunk(true, ERROR, WRITE, 0, error(0, "")));
        chunkCase("short error", "payloadBytes=5", wire -> wire.chunk(true, ERROR, WRITE, 0, new byte[5]));
        chunkCase(
                "short located error",
                "payloadBytes=6",
                wire -> wire.chunk(true, ERROR_OFFSET, WRITE, 0, error(5, "")));
        chunkCase(
                "text longer than its chunk",
                "textBytes=9",
                wire -> wire.chunk(
                        true,
                        ERROR,
                        WRITE,
                        0,
                        array(Unpooled.buffer().writeInt(5).writeShort(9).writeZero(8))));
        chunkCase(
                "located text into the offset",
                "textBytes=1",
                wire -> wire.chunk(
                        true,
                        ERROR_OFFSET,
                        WRITE,
                        0,
                        array(Unpooled.buffer().writeInt(5).writeShort(1).writeZero(8))));
        chunkCase(
                "endless text",
                "payloadBytes=1048576",
                wire -> array(wire.header(true, ERROR.wire(), WRITE, 0, 1 << 20)));
        chunkCase(
                "error elsewhere",
                "error outside of it",
                wire -> wire.chunk(true, ERROR_OFFSET, READ, READ_OFFSET, errorAt(5, "", READ_OFFSET + 16)));
        chunkCase("unknown context", "not asked for: id=4", wire -> status(wire, STATUS, true, wire.status(4, 1, 0)));
        chunkCase(
                "context twice",
                "twice: base:allocation",
                wire -> join(
                        status(wire, STATUS, false, wire.status(ALLOCATION, 1, 0)),
                        status(wire, STATUS, true, wire.status(ALLOCATION, 1, 0))));
        chunkCase(
                "context missing",
                "tells about [test:other]",
                wire -> status(wire, STATUS, true, wire.status(OTHER, 1, 0)));
        chunkCase("no extents", "cannot be", wire -> status(wire, STATUS, true, wire.status(OTHER)));
        chunkCase(
                "an extent of nothing",
                "extent that cannot be",
                wire -> status(wire, STATUS, true, wire.status(OTHER, 0, 0)));
        chunkCase(
                "extents behind the range",
                "extent that cannot be",
                wire -> status(wire, STATUS, true, wire.status(OTHER, 1024, 0, 1, 0)));
        chunkCase(
                "two extents for one",
                "too many extents",
                wire -> status(wire, ONE_STATUS, true, wire.status(OTHER, 1, 0, 1, 1)));
        chunkCase(
                "one extent beyond",
                "extent that cannot be",
                wire -> status(wire, ONE_STATUS, true, wire.status(OTHER, 1025, 0)));
        chunkCase(
                "half an extent",
                "cannot be",
                wire -> status(wire, STATUS, true, Arrays.copyOf(wire.status(OTHER, 1, 0, 1, 0), 15)));
        chunkCase("a million extents and one", "cannot be", wire -> {
            boolean extended = wire.client().style() == HeaderStyle.EXTENDED;
            long bytes = extended ? 8 + 16L * ((1 << 20) + 1) : 4 + 8L * ((1 << 20) + 1);
            int type = (extended ? BLOCK_STATUS_EXT : BLOCK_STATUS).wire();
            return array(wire.header(true, type, STATUS, STATUS_OFFSET, bytes));
        });
        CASES.add(new Case("simple reply to a read", HeaderStyle.STRUCTURED, wire -> simple(0, READ), "simple one"));
        CASES.add(new Case("simple error to a read", HeaderStyle.STRUCTURED, wire -> simple(5, READ), "simple one"));
        CASES.add(
                new Case("simple reply to a status", HeaderStyle.STRUCTURED, wire -> simple(0, STATUS), "simple one"));
        CASES.add(new Case("simple reply", HeaderStyle.EXTENDED, wire -> simple(0, WRITE), "wrong magic"));
        CASES.add(new Case(
                "long status",
                HeaderStyle.STRUCTURED,
                wire -> wire.chunk(true, BLOCK_STATUS_EXT, STATUS, 0, wire.status(OTHER, 1, 0)),
                "BLOCK_STATUS_EXT"));
        CASES.add(new Case(
                "short status",
                HeaderStyle.EXTENDED,
                wire -> wire.chunk(true, BLOCK_STATUS, STATUS, STATUS_OFFSET, new byte[12]),
                "type=NBD_REPLY_TYPE_BLOCK_STATUS"));
        CASES.add(new Case(
                "another offset",
                HeaderStyle.EXTENDED,
                wire -> wire.chunk(true, NONE, WRITE, 1, NOTHING),
                "another offset"));
        CASES.add(new Case(
                "miscounted extents",
                HeaderStyle.EXTENDED,
                wire -> {
                    byte[] payload = wire.status(OTHER, 1, 0);
                    payload[7] = 2;
                    return status(wire, STATUS, true, payload);
                },
                "counts other extents"));
        CASES.add(new Case(
                "a chunk of 2^63 bytes",
                HeaderStyle.EXTENDED,
                wire -> array(wire.header(true, OFFSET_DATA.wire(), READ, READ_OFFSET, Long.MIN_VALUE)),
                "payloadBytes=9223372036854775808"));
        CASES.add(new Case(
                "an extent of 2^63 bytes",
                HeaderStyle.EXTENDED,
                wire -> status(wire, STATUS, true, wire.status(OTHER, Long.MIN_VALUE, 0)),
                "extent that cannot be"));
    }

    static Stream<Case> cases() {
        return CASES.stream();
    }

    private static List<CompletableFuture<?>> makeRequests(ScriptedConnection wire) {
        NbdClient client = wire.client();
        boolean chunks = client.style().hasChunks();
        List<CompletableFuture<?>> made = new ArrayList<>();
        made.add(client.read(READ_OFFSET, 16, 0));
        made.add(client.write(0, PooledByteBufAllocator.DEFAULT.buffer(8).writeLong(1), 0));
        if (chunks) {
            made.add(client.blockStatus(STATUS_OFFSET, 1024, 0));
            made.add(client.blockStatus(STATUS_OFFSET, 1024, CommandFlags.NBD_CMD_FLAG_REQ_ONE));
            made.add(client.read(0, 8, CommandFlags.NBD_CMD_FLAG_DF));
        }
        assertThat(wire.sent()).isNotEmpty();
        return made;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void endsTheConnectionAndNothingElse(Case broken) {
        try (ScriptedConnection wire = new ScriptedConnection(broken.style)) {
            List<CompletableFuture<?>> made = makeRequests(wire);
            wire.receive(broken.stream.apply(wire));
            assertThat(wire.isOpen()).as("open").isFalse();
            List<NbdException> failures = made.stream()
                    .filter(CompletableFuture::isCompletedExceptionally)
                    .map(ScriptedConnection::failure)
                    .toList();
            assertThat(failures).isNotEmpty().allSatisfy(failure -> {
                assertThat(failure.kind()).isEqualTo(NbdException.Kind.BROKEN);
                assertThat(failure.getMessage()).contains(broken.says).doesNotContain("\n");
            });
            assertThat(made).allMatch(CompletableFuture::isDone);
        }
    }

    /** The same bytes one by one: the state between them must not help the server. */
    @ParameterizedTest
    @MethodSource("cases")
    void endsTheConnectionByteByByteToo(Case broken) {
        try (ScriptedConnection wire = new ScriptedConnection(broken.style)) {
            List<CompletableFuture<?>> made = makeRequests(wire);
            for (byte one : broken.stream.apply(wire)) {
                wire.receive(new byte[] {one});
            }
            assertThat(wire.isOpen()).as("open").isFalse();
            assertThat(made).allMatch(CompletableFuture::isDone);
        }
    }

    @Test
    void unknownErrorsFailTheirRequestOnly() {
        try (ScriptedConnection wire = new ScriptedConnection(HeaderStyle.EXTENDED)) {
            List<CompletableFuture<?>> made = makeRequests(wire);
            byte[] payload = join(error(5, "odd"), new byte[20]);
            wire.receive(wire.chunk(true, 0x8123, WRITE, 0, payload));
            assertThat(ScriptedConnection.failure(made.get(1)))
                    .hasMessageContaining("odd")
                    .hasMessageContaining("NBD_EIO");
            assertThat(wire.isOpen()).isTrue();
        }
    }

    @Test
    void aServerThatSendsTooManyPiecesIsNotRemembered() {
        try (ScriptedConnection wire = new ScriptedConnection(HeaderStyle.STRUCTURED)) {
            CompletableFuture<ReadReply> read = wire.client().read(0, 1 << 16, 0);
            for (int at = 0; at < 1 << 16 && wire.isOpen(); at += 2) {
                wire.receive(wire.chunk(false, OFFSET_DATA, 1, 0, data(at, (byte) 1)));
            }
            assertThat(ScriptedConnection.failure(read)).hasMessageContaining("too many pieces");
        }
    }

    @Test
    void aHangUpInTheMiddleOfAReplyGivesTheMemoryBack() {
        ByteBuf memory = PooledByteBufAllocator.DEFAULT.directBuffer(16, 16);
        try (ScriptedConnection wire = new ScriptedConnection(HeaderStyle.STRUCTURED)) {
            CompletableFuture<ReadReply> read = wire.client().read(0, Fragment.of(memory, 0, 16), 0);
            byte[] chunk = wire.chunk(true, OFFSET_DATA, 1, 0, data(0, new byte[16]));
            wire.receive(Arrays.copyOf(chunk, chunk.length - 1));
            assertThat(memory.refCnt()).isEqualTo(1);
            wire.hangUp();
            assertThat(ScriptedConnection.failure(read))
                    .hasMessageContaining("in the middle of a reply")
                    .hasMessageContaining("failedRequests=1");
            assertThat(memory.refCnt()).isZero();
        }
    }
}
