package org.kiobd.nbd.transmission;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.MetaContext;
import org.kiobd.nbd.NbdLimits;
import org.kiobd.nbd.testkit.MemoryDevice;
import org.kiobd.nbd.testkit.StyledWire;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.testkit.LeakCheck;

/** What only replies in chunks can say: holes, errors with their place, block status. */
@ExtendWith(LeakCheck.class)
final class ChunkReplyTest {
    private static final int SIZE = 1 << 20;
    private static final int READ = 0;
    private static final int WRITE = 1;
    private static final int FLUSH = 3;
    private static final int TRIM = 4;
    private static final int BLOCK_STATUS = 7;
    private static final int DF = 1 << 2;
    private static final int REQ_ONE = 1 << 3;
    private static final int PAYLOAD_LEN = 1 << 5;
    private static final int EINVAL = 22;

    private final MemoryDevice device = new MemoryDevice(SIZE);

    /** A connection with both contexts. */
    private ServedChannel served(HeaderStyle style) {
        return new ServedChannel(
                device,
                new PagePool(80L << 20, NbdLimits.DEFAULT.maxConnections()),
                NbdLimits.DEFAULT,
                style,
                MetaContext.all());
    }

    private static byte[] request(HeaderStyle style, int flags, int type, long offset, long lengthBytes) {
        boolean isExtended = style == HeaderStyle.EXTENDED;
        ByteBuffer header = ByteBuffer.allocate(isExtended ? 32 : 28)
                .putInt(isExtended ? 0x21e41c71 : 0x25609513)
                .putShort((short) flags)
                .putShort((short) type)
                .putLong(77)
                .putLong(offset);
        return (isExtended ? header.putLong(lengthBytes) : header.putInt((int) lengthBytes)).array();
    }

    private static StyledWire.Reply ask(ServedChannel served, HeaderStyle style, byte[] request) {
        served.receive(request);
        ByteBuffer sent = ByteBuffer.wrap(served.sent());
        StyledWire wire = new StyledWire(style);
        if (style != HeaderStyle.EXTENDED) {
            wire.requests(request);
        } else {
            wire.expect(77, ByteBuffer.wrap(request).getLong(16));
        }
        StyledWire.Reply reply = wire.reply(bytes -> take(sent, bytes));
        assertThat(sent.hasRemaining()).as("more than one reply").isFalse();
        return reply;
    }

    private static byte[] take(ByteBuffer from, int bytes) {
        byte[] taken = new byte[bytes];
        from.get(taken);
        return taken;
    }

    @ParameterizedTest
    @EnumSource(names = {"STRUCTURED", "EXTENDED"})
    void holesAreSentAsHolesUnlessOnePieceIsWanted(HeaderStyle style) {
        try (ServedChannel served = served(style)) {
            ask(served, style, written(style, 0, 10_000));
            device.makeHole(new ByteRange(100, 900));
            device.makeHole(new ByteRange(9_990, 4_000));
            StyledWire.Reply sparse = ask(served, style, request(style, 0, READ, 50, 9_990));
            assertThat(sparse.holeBytes()).isEqualTo(900 + 50);
            assertThat(sparse.data().array()).isEqualTo(device.read(50, 9_990));
            StyledWire.Reply whole = ask(served, style, request(style, DF, READ, 50, 9_990));
            assertThat(whole.holeBytes()).isZero();
            assertThat(whole.data()).isEqualTo(sparse.data());
            StyledWire.Reply onlyHole = ask(served, style, request(style, 0, READ, 200, 100));
            assertThat(onlyHole.holeBytes()).isEqualTo(100);
        }
    }

    private static byte[] written(HeaderStyle style, int offset, int lengthBytes) {
        byte[] bytes = new byte[lengthBytes];
        for (int i = 0; i < lengthBytes; i++) {
            bytes[i] = (byte) (i * 31 + 7);
        }
        int flags = style == HeaderStyle.EXTENDED ? PAYLOAD_LEN : 0;
        byte[] header = request(style, flags, WRITE, offset, lengthBytes);
        return ByteBuffer.allocate(header.length + lengthBytes)
                .put(header)
                .put(bytes)
                .array();
    }

    @ParameterizedTest
    @EnumSource(names = {"STRUCTURED", "EXTENDED"})
    void aReadOfManyPiecesOfMemoryIsOneChunk(HeaderStyle style) {
        MemoryDevice large = new MemoryDevice(4 << 20);
        try (ServedChannel served = new ServedChannel(
                large,
                new PagePool(80L << 20, NbdLimits.DEFAULT.maxConnections()),
                NbdLimits.DEFAULT,
                style,
                List.of())) {
            large.makeHole(new ByteRange(0, 512));
            StyledWire.Reply reply = ask(served, style, request(style, 0, READ, 0, 3 << 20));
            assertThat(reply.data().remaining()).isEqualTo(3 << 20);
            assertThat(reply.holeBytes()).isEqualTo(512);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"STRUCTURED", "EXTENDED"})
    void aFailureSaysWhereAndWhy(HeaderStyle style) {
        try (ServedChannel served = served(style)) {
            device.failWith(IoError.IO);
            StyledWire.Reply read = ask(served, style, request(style, 0, READ, 4096, 512));
            assertThat(read.errno()).isEqualTo(5);
            assertThat(read.errorOffset()).isEqualTo(4096);
            assertThat(read.text()).contains("storage failed");
            StyledWire.Reply flush = ask(served, style, request(style, 0, FLUSH, 0, 0));
            assertThat(flush.errno()).isEqualTo(5);
            assertThat(flush.errorOffset()).isEqualTo(-1);
            StyledWire.Reply outside = ask(served, style, request(style, 0, TRIM, SIZE - 1, 2));
            assertThat(outside.errno()).isEqualTo(EINVAL);
            assertThat(outside.text()).contains("sizeBytes=" + SIZE).contains("offset=" + (SIZE - 1));
        }
    }

    /** Plain descriptors of each context, in the order of the chunks. */
    private static List<List<Long>> status(HeaderStyle style, byte[] reply) {
        List<List<Long>> contexts = new ArrayList<>();
        ByteBuffer in = ByteBuffer.wrap(reply);
        boolean done = false;
        while (!done) {
            boolean isExtended = style == HeaderStyle.EXTENDED;
            assertThat(in.getInt()).isEqualTo(isExtended ? 0x6e8a278c : 0x668e33ef);
            done = in.getShort() == 1;
            assertThat(in.getShort()).isEqualTo((short) (isExtended ? 6 : 5));
            assertThat(in.getLong()).isEqualTo(77);
            if (isExtended) {
                in.getLong();
            }
            int end = (int) (isExtended ? in.getLong() : in.getInt()) + in.position();
            List<Long> numbers = new ArrayList<>(List.of((long) in.getInt()));
            int count = isExtended ? in.getInt() : (end - in.position()) / 8;
            for (int i = 0; i < 2 * count; i++) {
                numbers.add(isExtended ? in.getLong() : in.getInt());
            }
            assertThat(in.position()).isEqualTo(end);
            contexts.add(numbers);
        }
        assertThat(in.hasRemaining()).isFalse();
        return contexts;
    }

    private static List<List<Long>> askStatus(ServedChannel served, HeaderStyle style, byte[] request) {
        served.receive(request);
        return status(style, served.sent());
    }

    @ParameterizedTest
    @EnumSource(names = {"STRUCTURED", "EXTENDED"})
    void blockStatusOfBothContexts(HeaderStyle style) {
        device.makeHole(new ByteRange(4096, 8192));
        try (ServedChannel served = served(style)) {
            assertThat(askStatus(served, style, request(style, 0, BLOCK_STATUS, 1024, 12_000)))
                    .containsExactly(
                            List.of(1L, 3072L, 0L, 8192L, 3L, 736L, 0L),
                            List.of(2L, 3072L, 0L, 4096L, 1L, 4096L, 2L, 736L, 3L));
            assertThat(askStatus(served, style, request(style, REQ_ONE, BLOCK_STATUS, 4000, 12_000)))
                    .containsExactly(List.of(1L, 96L, 0L), List.of(2L, 96L, 0L));
            assertThat(askStatus(served, style, request(style, REQ_ONE, BLOCK_STATUS, 4096, 100)))
                    .containsExactly(List.of(1L, 100L, 3L), List.of(2L, 100L, 1L));
        }
    }

    @Test
    void aPayloadChoosesAmongContexts() {
        HeaderStyle style = HeaderStyle.EXTENDED;
        device.makeHole(new ByteRange(0, SIZE));
        try (ServedChannel served = served(style)) {
            assertThat(askStatus(served, style, filtered(4096, 2))).containsExactly(List.of(2L, 4096L, 0L));
            assertThat(askStatus(served, style, filtered(4096, 1))).containsExactly(List.of(1L, 4096L, 3L));
            assertThat(askStatus(served, style, filtered(4096, 2, 1)))
                    .containsExactly(List.of(2L, 4096L, 0L), List.of(1L, 4096L, 3L));
        }
    }

    /** A BLOCK_STATUS of [0, lengthBytes) with a payload that names contexts. */
    private static byte[] filtered(long lengthBytes, int... ids) {
        byte[] header = request(HeaderStyle.EXTENDED, PAYLOAD_LEN, BLOCK_STATUS, 0, 8 + 4 * ids.length);
        ByteBuffer request = ByteBuffer.allocate(header.length + 8 + 4 * ids.length)
                .put(header)
                .putLong(lengthBytes);
        Arrays.stream(ids).forEach(request::putInt);
        return request.array();
    }

    @Test
    void aWrongFilterIsRefusedAndTheStreamStaysInStep() {
        HeaderStyle style = HeaderStyle.EXTENDED;
        try (ServedChannel served = served(style)) {
            Stream.of(
                            filtered(4096, 3),
                            filtered(4096, 1, 1),
                            filtered(4096),
                            filtered(4096, 1, 2, 1, 2, 1),
                            filtered(0, 1),
                            filtered(SIZE + 1L, 1),
                            filtered(-1, 1))
                    .forEach(wrong -> assertThat(ask(served, style, wrong).errno())
                            .as(Arrays.toString(wrong))
                            .isEqualTo(EINVAL));
            assertThat(askStatus(served, style, filtered(512, 2))).containsExactly(List.of(2L, 512L, 0L));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"STRUCTURED", "EXTENDED"})
    void aWrongBlockStatusIsRefused(HeaderStyle style) {
        try (ServedChannel served = served(style)) {
            assertThat(ask(served, style, request(style, 0, BLOCK_STATUS, 0, 0)).errno())
                    .isEqualTo(EINVAL);
            assertThat(ask(served, style, request(style, 0, BLOCK_STATUS, SIZE, 1))
                            .errno())
                    .isEqualTo(EINVAL);
            assertThat(ask(served, style, request(style, 0, BLOCK_STATUS, 1, SIZE))
                            .errno())
                    .isEqualTo(EINVAL);
            assertThat(ask(served, style, request(style, DF, BLOCK_STATUS, 0, SIZE))
                            .errno())
                    .isEqualTo(EINVAL);
            device.failExtents();
            StyledWire.Reply failed = ask(served, style, request(style, 0, BLOCK_STATUS, 0, SIZE));
            assertThat(failed.errno()).isEqualTo(5);
        }
    }

    @Test
    void payloadsNobodyAskedForAreConsumed() {
        HeaderStyle style = HeaderStyle.EXTENDED;
        try (ServedChannel served = served(style)) {
            for (int type : new int[] {READ, FLUSH, TRIM, 5, 6, 99}) {
                byte[] header = request(style, PAYLOAD_LEN, type, 0, 64 << 10);
                byte[] all = Arrays.copyOf(header, header.length + (64 << 10));
                assertThat(ask(served, style, all).errno()).as("type %d", type).isEqualTo(EINVAL);
            }
            assertThat(ask(served, style, request(style, 0, FLUSH, 512, 0)).errno())
                    .isEqualTo(EINVAL);
            assertThat(ask(served, style, request(style, 0, READ, 0, 512)).errno())
                    .isZero();
        }
    }

    /** The specification wants the flag; qemu 10 does not set it. */
    @Test
    void aWriteHasItsPayloadAlsoWithoutTheFlagThatSaysSo() {
        HeaderStyle style = HeaderStyle.EXTENDED;
        try (ServedChannel served = served(style)) {
            byte[] marked = written(style, 0, 512);
            marked[5] = 0;
            assertThat(ask(served, style, marked).errno()).isZero();
            assertThat(device.read(0, 512)).isEqualTo(Arrays.copyOfRange(marked, 32, 32 + 512));
        }
    }

    @Test
    void lengthsBeyond4GiBAreUnderstood() {
        HeaderStyle style = HeaderStyle.EXTENDED;
        try (ServedChannel served = served(style)) {
            for (long lengthBytes : new long[] {1L << 32, (1L << 32) + 512, Long.MAX_VALUE, -1, Long.MIN_VALUE}) {
                for (int type : new int[] {READ, TRIM, 5, BLOCK_STATUS}) {
                    assertThat(ask(served, style, request(style, 0, type, 0, lengthBytes))
                                    .errno())
                            .as("type %d length %d", type, lengthBytes)
                            .isEqualTo(EINVAL);
                }
                assertThat(ask(served, style, request(style, 0, 6, 0, lengthBytes))
                                .errno())
                        .isIn(28, EINVAL);
            }
            assertThat(device.read(0, 512)).isEqualTo(new byte[512]);
        }
    }

    @Test
    void aPayloadBeyondTheMaximumClosesTheConnection() {
        try (ServedChannel served = served(HeaderStyle.EXTENDED)) {
            served.receive(request(HeaderStyle.EXTENDED, PAYLOAD_LEN, READ, 0, -1));
            served.run();
            assertThat(served.channel().isActive()).isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource
    void headersOfAnotherStyleCloseTheConnection(HeaderStyle style) {
        try (ServedChannel served = served(style)) {
            HeaderStyle other = style == HeaderStyle.EXTENDED ? HeaderStyle.SIMPLE : HeaderStyle.EXTENDED;
            byte[] request = request(other, 0, READ, 0, 1);
            served.receive(Arrays.copyOf(request, 32));
            served.run();
            assertThat(served.channel().isActive()).isFalse();
        }
    }

    @Test
    void aClientThatGoesAwayDuringBlockStatusLeavesNothingBehind() {
        ServedChannel served = served(HeaderStyle.STRUCTURED);
        device.holdExtents();
        served.receive(request(HeaderStyle.STRUCTURED, 0, BLOCK_STATUS, 0, SIZE));
        served.channel().close().syncUninterruptibly();
        served.run();
        device.releaseExtents();
        served.close();
    }
}
