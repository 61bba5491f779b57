package org.kiobd.nbd.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kiobd.nbd.client.ScriptedConnection.data;
import static org.kiobd.nbd.client.ScriptedConnection.error;
import static org.kiobd.nbd.client.ScriptedConnection.errorAt;
import static org.kiobd.nbd.client.ScriptedConnection.hole;
import static org.kiobd.nbd.client.ScriptedConnection.join;
import static org.kiobd.nbd.client.ScriptedConnection.simple;

import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.client.BlockStatus.Extent;
import org.kiobd.nbd.protocol.NbdReplyType;
import org.kiobd.volume.testkit.LeakCheck;

/** However the server's stream is cut, and in whichever order its replies come, the answers are the same. */
@Tag("one-lane")
@ExtendWith(LeakCheck.class)
final class ReplySplitTest {
    private static final long SEED = 0x73706c6974L;

    /** Cookies are given in order, from 1. */
    private static final int PLAIN_READ = 1;

    private static final int SPARSE_READ = 2;
    private static final int WRITE = 3;
    private static final int FAILING = 4;
    private static final int STATUS = 5;
    private static final int FAILING_AT = 6;

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    /** Requests of all kinds in flight at once, and what came of them. */
    private static final class Scene implements AutoCloseable {
        private final ScriptedConnection wire;
        private final CompletableFuture<ReadReply> plainRead;
        private final CompletableFuture<ReadReply> sparseRead;
        private final CompletableFuture<@Nullable Void> write;
        private final CompletableFuture<@Nullable Void> failing;
        private final @Nullable CompletableFuture<BlockStatus> status;
        private final @Nullable CompletableFuture<ReadReply> failingAt;

        Scene(HeaderStyle style) {
            wire = new ScriptedConnection(style);
            NbdClient client = wire.client();
            plainRead = client.read(100, 3, 0);
            sparseRead = client.read(1000, 6, 0);
            write = client.write(7, Unpooled.wrappedBuffer(new byte[] {1}), 0);
            failing = client.flush();
            status = style.hasChunks() ? client.blockStatus(0, 4096, 0) : null;
            failingAt = style.hasChunks() ? client.read(50, 2, 0) : null;
        }

        byte[] stream(HeaderStyle style) {
            if (style == HeaderStyle.SIMPLE) {
                return join(
                        simple(0, SPARSE_READ, bytes(1, 0, 0, 0, 0, 2)),
                        simple(28, FAILING),
                        simple(0, PLAIN_READ, bytes(7, 8, 9)),
                        simple(0, WRITE));
            }
            boolean simple = style == HeaderStyle.STRUCTURED;
            return join(
                    wire.chunk(false, NbdReplyType.OFFSET_DATA, SPARSE_READ, 1000, data(1005, bytes(2))),
                    wire.chunk(false, NbdReplyType.BLOCK_STATUS.wire() + (simple ? 0 : 1), STATUS, 0, statusOfOther()),
                    wire.chunk(true, NbdReplyType.ERROR, FAILING, 0, error(28, "no spa\u00e7e")),
                    wire.chunk(false, NbdReplyType.OFFSET_HOLE, SPARSE_READ, 1000, hole(1001, 4)),
                    wire.chunk(true, NbdReplyType.OFFSET_DATA, PLAIN_READ, 100, data(100, bytes(7, 8, 9))),
                    wire.chunk(true, NbdReplyType.BLOCK_STATUS.wire() + (simple ? 0 : 1), STATUS, 0, statusOfBase()),
                    simple ? simple(0, WRITE) : wire.chunk(true, NbdReplyType.NONE, WRITE, 7, bytes()),
                    wire.chunk(false, NbdReplyType.OFFSET_DATA, FAILING_AT, 50, data(50, bytes(1, 0))),
                    wire.chunk(false, NbdReplyType.ERROR_OFFSET, FAILING_AT, 50, errorAt(5, "", 51)),
                    wire.chunk(true, NbdReplyType.NONE, FAILING_AT, 50, bytes()),
                    wire.chunk(true, NbdReplyType.OFFSET_DATA, SPARSE_READ, 1000, data(1000, bytes(1))));
        }

        private byte[] statusOfOther() {
            return wire.status(ScriptedConnection.OTHER, 2048, 3, 512, 0);
        }

        private byte[] statusOfBase() {
            return wire.status(ScriptedConnection.ALLOCATION, 1024, 0, 8192, 3);
        }

        void verify(HeaderStyle style) {
            assertThat(wire.isOpen()).isTrue();
            try (ReadReply plain = plainRead.join();
                    ReadReply sparse = sparseRead.join()) {
                assertThat(ByteBufUtil.getBytes(plain.bytes())).containsExactly(7, 8, 9);
                assertThat(ByteBufUtil.getBytes(sparse.bytes())).containsExactly(1, 0, 0, 0, 0, 2);
                assertThat(sparse.pieces()).hasSize(style.hasChunks() ? 3 : 1);
            }
            assertThat(write).isCompleted();
            NbdException error = ScriptedConnection.failure(failing);
            assertThat(error.errno()).isEqualTo(28);
            assertThat(error.serverText()).isEqualTo(style.hasChunks() ? "no spa\u00e7e" : "");
            if (status != null && failingAt != null) {
                assertThat(status.join().of("base:allocation"))
                        .containsExactly(new Extent(1024, 0), new Extent(8192, 3));
                assertThat(status.join().of("test:other")).hasSize(1 + 1);
                assertThat(ScriptedConnection.failure(failingAt).atOffset()).isEqualTo(OptionalLong.of(51));
            }
        }

        @Override
        public void close() {
            wire.close();
        }
    }

    private static void play(HeaderStyle style, List<Integer> cuts) {
        try (Scene scene = new Scene(style)) {
            byte[] stream = scene.stream(style);
            int from = 0;
            for (int cut : cuts) {
                scene.wire.receive(Arrays.copyOfRange(stream, from, cut));
                from = cut;
            }
            scene.wire.receive(Arrays.copyOfRange(stream, from, stream.length));
            scene.verify(style);
        }
    }

    private static int streamBytes(HeaderStyle style) {
        try (Scene scene = new Scene(style)) {
            return scene.stream(style).length;
        }
    }

    @ParameterizedTest
    @EnumSource
    void inOnePieceAndCutAnywhere(HeaderStyle style) {
        play(style, List.of());
        for (int cut = 1; cut < streamBytes(style); cut++) {
            play(style, List.of(cut));
        }
    }

    @ParameterizedTest
    @EnumSource
    void byteByByte(HeaderStyle style) {
        play(
                style,
                java.util.stream.IntStream.range(1, streamBytes(style)).boxed().toList());
    }

    @ParameterizedTest
    @EnumSource
    void cutAtRandom(HeaderStyle style) {
        Random random = new Random(SEED);
        int bytes = streamBytes(style);
        for (int run = 0; run < 200; run++) {
            List<Integer> cuts = random.ints(1 + run % 9, 1, bytes)
                    .sorted()
                    .distinct()
                    .boxed()
                    .toList();
            play(style, cuts);
        }
    }

    @Test
    @SuppressWarnings("FutureReturnValueIgnored") // nobody answers
    void requestsLookAsTheSpecificationDrawsThem() {
        try (ScriptedConnection compact = new ScriptedConnection(HeaderStyle.STRUCTURED);
                ScriptedConnection extended = new ScriptedConnection(HeaderStyle.EXTENDED)) {
            compact.client().write(0x1122, Unpooled.wrappedBuffer(bytes(9, 9)), 1);
            assertThat(compact.sent())
                    .inHexadecimal()
                    .isEqualTo(bytes(
                            0x25, 0x60, 0x95, 0x13, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x11, 0x22, 0,
                            0, 0, 2, 9, 9));
            extended.client().write(0x1122, Unpooled.wrappedBuffer(bytes(9, 9)), 1);
            assertThat(extended.sent())
                    .inHexadecimal()
                    .isEqualTo(bytes(
                            0x21, 0xe4, 0x1c, 0x71, 0, 0x21, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x11, 0x22,
                            0, 0, 0, 0, 0, 0, 0, 2, 9, 9));
            extended.client().blockStatusOf(List.of("test:other"), 0, 1L << 33, 0);
            assertThat(extended.sent())
                    .inHexadecimal()
                    .isEqualTo(bytes(
                            0x21, 0xe4, 0x1c, 0x71, 0, 0x20, 0, 7, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                            0, 0, 0, 0, 0, 12, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 9));
            extended.client().trim(0, 1L << 33, 0);
            assertThat(extended.sent()).endsWith(bytes(0, 0, 0, 2, 0, 0, 0, 0)).hasSize(32);
        }
    }

    @Test
    void theDisconnectComesBehindTheLastAnswer() {
        try (ScriptedConnection wire = new ScriptedConnection(HeaderStyle.SIMPLE)) {
            CompletableFuture<@Nullable Void> flush = wire.client().flush();
            CompletableFuture<@Nullable Void> left = wire.client().disconnect();
            assertThat(wire.sent()).hasSize(28);
            wire.receive(simple(0, 1));
            assertThat(flush).isCompleted();
            assertThat(wire.sent()).hasSize(28).startsWith(0x25, 0x60, 0x95, 0x13, 0, 0, 0, 2);
            assertThat(left).isNotDone();
            wire.hangUp();
            assertThat(left).isCompleted();
        }
    }
}
