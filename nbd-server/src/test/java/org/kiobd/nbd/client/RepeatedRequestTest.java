package org.kiobd.nbd.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.kiobd.nbd.client.ScriptedConnection.data;
import static org.kiobd.nbd.client.ScriptedConnection.error;
import static org.kiobd.nbd.client.ScriptedConnection.hole;
import static org.kiobd.nbd.client.ScriptedConnection.join;
import static org.kiobd.nbd.client.ScriptedConnection.simple;
import static org.kiobd.nbd.protocol.NbdReplyType.ERROR;
import static org.kiobd.nbd.protocol.NbdReplyType.NONE;
import static org.kiobd.nbd.protocol.NbdReplyType.OFFSET_DATA;
import static org.kiobd.nbd.protocol.NbdReplyType.OFFSET_HOLE;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.protocol.NbdErrno;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.testkit.LeakCheck;

/** One request, asked again and again: each time it is answered once, and held against its reply as any other. */
@ExtendWith(LeakCheck.class)
final class RepeatedRequestTest {
    private static final int HEADER_BYTES = 28;

    /** What a request was told, call by call. */
    private static final class Told implements RepeatedRequest.Listener {
        private final List<Optional<NbdException>> ends = new ArrayList<>();

        @Override
        public void ended(@Nullable NbdException failure) {
            ends.add(Optional.ofNullable(failure));
        }

        NbdException lastFailure() {
            return ends.get(ends.size() - 1).orElseThrow();
        }
    }

    private static byte[] read(ScriptedConnection wire, long cookie, long offset, byte... bytes) {
        return wire.client().style().hasChunks()
                ? wire.chunk(true, OFFSET_DATA, cookie, offset, data(offset, bytes))
                : simple(0, cookie, bytes);
    }

    private static byte[] success(ScriptedConnection wire, long cookie, long offset) {
        return wire.client().style() == HeaderStyle.EXTENDED
                ? wire.chunk(true, NONE, cookie, offset, new byte[0])
                : simple(0, cookie);
    }

    @ParameterizedTest
    @EnumSource
    void rule1_eachAnswerEndsItOnceAndItMayBeAskedAgain(HeaderStyle style) {
        try (ScriptedConnection wire = new ScriptedConnection(style)) {
            Told told = new Told();
            RepeatedRequest request = wire.client().repeated(told);
            ByteBuf memory = PooledByteBufAllocator.DEFAULT.directBuffer(8).writeZero(8);
            request.read(100, Fragment.of(memory, 2, 4), 0);
            assertThatThrownBy(request::flush).isInstanceOf(IllegalStateException.class);
            wire.receive(read(wire, 1, 100, (byte) 1, (byte) 2, (byte) 3, (byte) 4));
            assertThat(ByteBufUtil.getBytes(memory)).containsExactly(0, 0, 1, 2, 3, 4, 0, 0);
            request.readAndDrop(200, 4, 0);
            wire.receive(read(wire, 2, 200, new byte[4]));
            request.write(300, Fragment.of(memory, 0, 8), 0);
            wire.receive(success(wire, 3, 300));
            request.flush();
            wire.receive(success(wire, 4, 0));
            assertThat(told.ends).hasSize(4).allMatch(Optional::isEmpty);
            assertThat(memory.refCnt()).isEqualTo(1);
            memory.release();
        }
    }

    @Test
    void whatTheListenerAsksForGoesOutWithoutAnyOtherEvent() {
        try (ScriptedConnection wire = new ScriptedConnection(HeaderStyle.STRUCTURED)) {
            List<RepeatedRequest> all = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                int number = i;
                RepeatedRequest request = wire.client().repeated(failure -> {
                    if (failure == null) {
                        all.get(number).readAndDrop(number * 4096L, 1, 0);
                    }
                });
                all.add(request);
                request.readAndDrop(number, 1, 0);
            }
            assertThat(wire.sent()).hasSize(3 * HEADER_BYTES);
            wire.receive(join(read(wire, 3, 2, (byte) 1), read(wire, 1, 0, (byte) 1)));
            ByteBuffer sent = ByteBuffer.wrap(wire.sent());
            assertThat(sent.remaining()).isEqualTo(2 * HEADER_BYTES);
            assertThat(List.of(sent.getLong(16), sent.getLong(HEADER_BYTES + 16)))
                    .containsExactly(2 * 4096L, 0L);
        }
    }

    @Test
    void piecesAndHolesLandInTheCallersMemory() {
        try (ScriptedConnection wire = new ScriptedConnection(HeaderStyle.STRUCTURED)) {
            Told told = new Told();
            RepeatedRequest request = wire.client().repeated(told);
            ByteBuf memory = Unpooled.directBuffer(4).writeInt(-1);
            for (int cookie = 1; cookie <= 2; cookie++) {
                memory.setInt(0, -1);
                request.read(0, Fragment.of(memory, 0, 4), 0);
                wire.receive(join(
                        wire.chunk(false, OFFSET_HOLE, cookie, 0, hole(1, 3)),
                        wire.chunk(true, OFFSET_DATA, cookie, 0, data(0, (byte) 7))));
                assertThat(ByteBufUtil.getBytes(memory)).containsExactly(7, 0, 0, 0);
            }
            assertThat(told.ends).hasSize(2).allMatch(Optional::isEmpty);
            memory.release();
        }
    }

    @Test
    void theServersErrorCountsForItsRequestOnly() {
        try (ScriptedConnection wire = new ScriptedConnection(HeaderStyle.STRUCTURED)) {
            Told told = new Told();
            RepeatedRequest request = wire.client().repeated(told);
            request.readAndDrop(0, 4, 0);
            wire.receive(join(
                    wire.chunk(false, OFFSET_DATA, 1, 0, data(0, new byte[2])),
                    wire.chunk(true, ERROR, 1, 0, error(NbdErrno.NBD_ENOSPC, "full"))));
            assertThat(told.lastFailure())
                    .hasMessageContaining("NBD_ENOSPC to NBD_CMD_READ offset=0 lengthBytes=4: full");
            request.readAndDrop(0, 4, 0);
            wire.receive(read(wire, 2, 0, new byte[4]));
            assertThat(told.ends).hasSize(2);
            assertThat(told.ends.get(1)).isEmpty();
            assertThat(wire.isOpen()).isTrue();
        }
    }

    @Test
    void aBrokenReplyCostsTheConnection() {
        List<byte[]> broken = new ArrayList<>();
        try (ScriptedConnection wire = new ScriptedConnection(HeaderStyle.STRUCTURED)) {
            broken.add(read(wire, 1, 0, new byte[5]));
            broken.add(wire.chunk(true, OFFSET_DATA, 1, 0, data(0, new byte[3])));
            broken.add(read(wire, 65, 0, new byte[4]));
            broken.add(read(wire, -63, 0, new byte[4]));
            broken.add(simple(0, 1, new byte[4]));
            broken.add(join(
                    wire.chunk(false, OFFSET_DATA, 1, 0, data(0, new byte[4])),
                    wire.chunk(true, OFFSET_DATA, 1, 0, data(0, (byte) 1))));
        }
        for (byte[] reply : broken) {
            try (ScriptedConnection wire = new ScriptedConnection(HeaderStyle.STRUCTURED)) {
                Told told = new Told();
                wire.client().repeated(told).readAndDrop(0, 4, 0);
                wire.receive(reply);
                assertThat(wire.isOpen()).isFalse();
                assertThat(told.ends).hasSize(1);
                assertThat(told.lastFailure().kind()).isEqualTo(NbdException.Kind.BROKEN);
            }
        }
    }

    @Test
    void rule1_theSameAnswerTwiceIsNotTakenForTheNextOne() {
        try (ScriptedConnection wire = new ScriptedConnection(HeaderStyle.STRUCTURED)) {
            Told told = new Told();
            RepeatedRequest request = wire.client().repeated(told);
            request.readAndDrop(0, 4, 0);
            byte[] reply = read(wire, 1, 0, new byte[4]);
            wire.receive(reply);
            request.readAndDrop(0, 4, 0);
            wire.receive(reply);
            assertThat(told.ends).hasSize(2);
            assertThat(told.lastFailure()).hasMessageContaining("was not made: cookie=1");
        }
    }

    @Test
    void rule1_theEndOfTheConnectionEndsItToo() {
        ByteBuf payload = PooledByteBufAllocator.DEFAULT.buffer(8).writeLong(1);
        try (ScriptedConnection wire = new ScriptedConnection(HeaderStyle.STRUCTURED)) {
            Told told = new Told();
            RepeatedRequest request = wire.client().repeated(told);
            request.readAndDrop(0, 4, 0);
            wire.hangUp();
            assertThat(told.lastFailure().kind()).isEqualTo(NbdException.Kind.LOST);
            request.write(0, Fragment.of(payload, 0, 8), 0);
            assertThat(told.ends).hasSize(2);
            assertThat(told.lastFailure().kind()).isEqualTo(NbdException.Kind.LOST);
            assertThat(payload.release()).isTrue();
            request.readAndDrop(-1, 4, 0);
            assertThat(told.lastFailure().kind()).isEqualTo(NbdException.Kind.REFUSED);
        }
    }

    /** Long payload goes out as it lies, short payload is copied behind its header; in order either way. */
    @Test
    void payloadOfAnyLengthStandsBehindItsHeader() {
        try (ScriptedConnection wire = new ScriptedConnection(HeaderStyle.STRUCTURED)) {
            int[] lengths = {1, 4096, 4097, 1, 300_000, 4096, 4096, 4096};
            List<ByteBuf> payloads = new ArrayList<>();
            for (int length : lengths) {
                ByteBuf payload = Unpooled.directBuffer(length);
                while (payload.isWritable()) {
                    payload.writeByte(payloads.size() + 1);
                }
                payloads.add(payload);
                wire.client().repeated(failure -> {}).write(0, Fragment.of(payload, 0, length), 0);
            }
            ByteBuffer sent = ByteBuffer.wrap(wire.sent());
            for (int i = 0; i < lengths.length; i++) {
                assertThat(sent.getLong(sent.position() + 8)).isEqualTo(i + 1);
                assertThat(sent.getInt(sent.position() + 24)).isEqualTo(lengths[i]);
                sent.position(sent.position() + HEADER_BYTES);
                byte[] payload = new byte[lengths[i]];
                sent.get(payload);
                assertThat(payload).containsOnly(i + 1);
                assertThat(payloads.get(i).release()).isTrue();
            }
            assertThat(sent.remaining()).isZero();
        }
    }
}
