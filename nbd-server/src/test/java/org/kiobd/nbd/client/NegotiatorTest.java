package org.kiobd.nbd.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.kiobd.nbd.client.ScriptedServer.context;
import static org.kiobd.nbd.client.ScriptedServer.greeting;
import static org.kiobd.nbd.client.ScriptedServer.infoBlocks;
import static org.kiobd.nbd.client.ScriptedServer.infoExport;
import static org.kiobd.nbd.client.ScriptedServer.reply;
import static org.kiobd.nbd.protocol.NbdOption.ABORT;
import static org.kiobd.nbd.protocol.NbdOption.EXPORT_NAME;
import static org.kiobd.nbd.protocol.NbdOption.EXTENDED_HEADERS;
import static org.kiobd.nbd.protocol.NbdOption.GO;
import static org.kiobd.nbd.protocol.NbdOption.LIST;
import static org.kiobd.nbd.protocol.NbdOption.SET_META_CONTEXT;
import static org.kiobd.nbd.protocol.NbdOption.STARTTLS;
import static org.kiobd.nbd.protocol.NbdOption.STRUCTURED_REPLY;

import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.protocol.NbdRep;
import org.kiobd.volume.testkit.LeakCheck;

/** What is asked of which server, what is asked instead where it refuses, and which servers are not believed. */
@ExtendWith(LeakCheck.class)
final class NegotiatorTest {
    private static final NbdUri PLAIN = NbdUri.parse("nbd://localhost/x");
    private static final NbdUri SECURE = NbdUri.parse("nbds://localhost/x");
    private static final int FLAGS = 1;

    private static ScriptedServer modern() {
        return new ScriptedServer()
                .acknowledges(EXTENDED_HEADERS)
                .acknowledges(STRUCTURED_REPLY)
                .answers(
                        SET_META_CONTEXT,
                        reply(SET_META_CONTEXT, NbdRep.META_CONTEXT, context(8, "base:allocation")),
                        reply(SET_META_CONTEXT, NbdRep.ACK))
                .goes(infoExport(1 << 20, FLAGS), infoBlocks(512, 4096, 1 << 20));
    }

    private static CompletableFuture<Negotiated> enter(ScriptedServer server, NbdUri uri) {
        return server.play(uri, NbdClientOptions.DEFAULT, Negotiator::enter);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aModernServerIsAskedForEverything(boolean byteByByte) {
        try (ScriptedServer server = byteByByte ? modern().byteByByte() : modern()) {
            Negotiated made = enter(server, PLAIN).join();
            assertThat(made.style()).isEqualTo(HeaderStyle.EXTENDED);
            assertThat(made.contexts()).isEqualTo(Map.of("base:allocation", 8));
            assertThat(made.export().sizeBytes()).isEqualTo(1 << 20);
            assertThat(made.export().blocks()).isEqualTo(new ExportInfo.BlockSizes(512, 4096, 1 << 20));
            assertThat(made.security()).isEmpty();
            assertThat(server.asked()).containsExactly(EXTENDED_HEADERS, SET_META_CONTEXT, GO);
        }
    }

    @Test
    void withoutExtendedHeadersItIsStructuredReplies() {
        try (ScriptedServer server = modern().refuses(EXTENDED_HEADERS, NbdRep.ERR_UNSUP)) {
            assertThat(enter(server, PLAIN).join().style()).isEqualTo(HeaderStyle.STRUCTURED);
            assertThat(server.asked()).containsExactly(EXTENDED_HEADERS, STRUCTURED_REPLY, SET_META_CONTEXT, GO);
        }
    }

    @Test
    void withoutThoseItIsSimpleOnesAndNoContexts() {
        try (ScriptedServer server =
                modern().refuses(EXTENDED_HEADERS, NbdRep.ERR_UNSUP).refuses(STRUCTURED_REPLY, NbdRep.ERR_POLICY)) {
            Negotiated made = enter(server, PLAIN).join();
            assertThat(made.style()).isEqualTo(HeaderStyle.SIMPLE);
            assertThat(made.contexts()).isEmpty();
            assertThat(server.asked()).containsExactly(EXTENDED_HEADERS, STRUCTURED_REPLY, GO);
        }
    }

    @Test
    void aServerWithoutGoIsAskedByNameAndItsBlockSizesAreTheUsual() {
        byte[] answer =
                ScriptedConnection.array(Unpooled.buffer().writeLong(12345).writeShort(FLAGS));
        try (ScriptedServer server = new ScriptedServer()
                .refuses(EXTENDED_HEADERS, NbdRep.ERR_UNSUP)
                .refuses(STRUCTURED_REPLY, NbdRep.ERR_UNSUP)
                .refuses(GO, NbdRep.ERR_UNSUP)
                .answers(EXPORT_NAME, answer)) {
            Negotiated made = enter(server, PLAIN).join();
            assertThat(made.export()).isEqualTo(new ExportInfo("x", "", 12345, FLAGS, ExportInfo.BlockSizes.DEFAULT));
        }
    }

    @Test
    void aServerThatIsNotFixedIsAskedNothingButTheName() {
        byte[] answer = ScriptedConnection.array(
                Unpooled.buffer().writeLong(12345).writeShort(FLAGS).writeZero(124));
        try (ScriptedServer server = new ScriptedServer().greets(greeting(0)).answers(EXPORT_NAME, answer)) {
            assertThat(enter(server, PLAIN).join().export().sizeBytes()).isEqualTo(12345);
            assertThat(server.asked()).containsExactly(EXPORT_NAME);
        }
        try (ScriptedServer server = new ScriptedServer().greets(greeting(0))) {
            assertThat(ScriptedConnection.failure(enter(server, SECURE))).hasMessageContaining("too old for TLS");
            assertThat(server.asked()).isEmpty();
        }
    }

    @Test
    void tlsComesFirstAndNothingInPlainTextIsTakenForIt() {
        try (ScriptedServer server = modern().acknowledges(STARTTLS)) {
            assertThat(enter(server, SECURE).join().security()).isPresent();
            assertThat(server.asked()).startsWith(STARTTLS, EXTENDED_HEADERS);
        }
        try (ScriptedServer server =
                modern().answers(STARTTLS, reply(STARTTLS, NbdRep.ACK), reply(EXTENDED_HEADERS, NbdRep.ACK))) {
            assertThat(ScriptedConnection.failure(enter(server, SECURE))).hasMessageContaining("in plain text");
        }
        try (ScriptedServer server = modern().refuses(STARTTLS, NbdRep.ERR_POLICY)) {
            assertThat(ScriptedConnection.failure(enter(server, SECURE)))
                    .hasMessageContaining("does not speak TLS")
                    .hasMessageContaining("NBD_REP_ERR_POLICY");
            assertThat(server.asked()).containsExactly(STARTTLS);
        }
    }

    @Test
    void exportsAreListed() {
        byte[] one = ScriptedConnection.array(
                Unpooled.buffer().writeInt(1).writeBytes("aDescription".getBytes(StandardCharsets.UTF_8)));
        try (ScriptedServer server = new ScriptedServer()
                .answers(LIST, reply(LIST, NbdRep.SERVER, one), reply(LIST, NbdRep.ACK))
                .acknowledges(ABORT)) {
            assertThat(server.play(PLAIN, NbdClientOptions.DEFAULT, Negotiator::list)
                            .join())
                    .isEqualTo(List.of(new ListedExport("a", "Description")));
        }
        try (ScriptedServer server = new ScriptedServer().refuses(LIST, NbdRep.ERR_POLICY)) {
            assertThat(ScriptedConnection.failure(server.play(PLAIN, NbdClientOptions.DEFAULT, Negotiator::list)))
                    .hasMessageContaining("NBD_REP_ERR_POLICY to NBD_OPT_LIST");
        }
    }

    /** A server that does one thing wrong. */
    private record Wrong(String says, UnaryOperator<ScriptedServer> change) {
        @Override
        public String toString() {
            return says;
        }
    }

    static Stream<Wrong> wrong() {
        byte[] oldstyle = ScriptedConnection.array(Unpooled.buffer()
                .writeLong(0x4e42444d41474943L)
                .writeLong(0x00420281861253L)
                .writeZero(136));
        byte[] tooLong = reply(EXTENDED_HEADERS, NbdRep.ACK);
        tooLong[16] = 0x7f;
        byte[] negative = reply(EXTENDED_HEADERS, NbdRep.ACK);
        negative[16] = -1;
        byte[] many = ScriptedConnection.join(Collections.nCopies(10_001, reply(EXTENDED_HEADERS, NbdRep.INFO))
                .toArray(byte[][]::new));
        return Stream.of(
                new Wrong("oldstyle", server -> server.greets(oldstyle)),
                new Wrong(
                        "not an NBD server",
                        server -> server.greets("SSH-2.0-OpenSSH_9.2p1 Debian".getBytes(StandardCharsets.US_ASCII))),
                new Wrong("hung up before it said", server -> server.greets(new byte[3])),
                new Wrong("makes no sense", server -> server.answers(EXTENDED_HEADERS, new byte[20])),
                new Wrong("makes no sense", server -> server.answers(EXTENDED_HEADERS, reply(GO, NbdRep.ACK))),
                new Wrong("too much: lengthBytes=2130706432", server -> server.answers(EXTENDED_HEADERS, tooLong)),
                new Wrong("too much: lengthBytes=4278190080", server -> server.answers(EXTENDED_HEADERS, negative)),
                new Wrong("replies=10000", server -> server.answers(EXTENDED_HEADERS, many)),
                new Wrong("hung up when it was asked NBD_OPT_GO", server -> server.answers(GO)),
                new Wrong("how large", ScriptedServer::goes),
                new Wrong("3 bytes where 12 belong", server -> server.goes(new byte[3])),
                new Wrong("larger than can be", server -> server.goes(infoExport(-1, 1))),
                new Wrong("make no sense: minimumBytes=3", server -> server.goes(infoBlocks(3, 4096, 1 << 20))),
                new Wrong("make no sense: minimumBytes=0", server -> server.goes(infoBlocks(0, 4096, 1 << 20))),
                new Wrong(
                        "meta context twice",
                        server -> server.answers(
                                SET_META_CONTEXT,
                                reply(SET_META_CONTEXT, NbdRep.META_CONTEXT, context(8, "a:b")),
                                reply(SET_META_CONTEXT, NbdRep.META_CONTEXT, context(8, "a:c")),
                                reply(SET_META_CONTEXT, NbdRep.ACK))),
                new Wrong(
                        "in 3 bytes",
                        server -> server.answers(
                                SET_META_CONTEXT,
                                reply(SET_META_CONTEXT, NbdRep.META_CONTEXT, new byte[3]),
                                reply(SET_META_CONTEXT, NbdRep.ACK))),
                new Wrong("NBD_REP_ERR_UNKNOWN", server -> server.refuses(GO, NbdRep.ERR_UNKNOWN)));
    }

    @ParameterizedTest
    @MethodSource("wrong")
    void aServerThatMakesNoSenseIsLeft(Wrong wrong) {
        try (ScriptedServer server = wrong.change.apply(modern())) {
            NbdException failure = ScriptedConnection.failure(enter(server, PLAIN));
            assertThat(failure.getMessage()).contains(wrong.says).doesNotContain("\n");
        }
    }
}
