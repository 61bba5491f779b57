package org.kiobd.nbd.handshake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;
import org.kiobd.nbd.Export;
import org.kiobd.nbd.ExportRegistry;
import org.kiobd.nbd.MetaContext;
import org.kiobd.nbd.NbdLimits;
import org.kiobd.nbd.testkit.MemoryDevice;
import org.kiobd.nbd.testkit.Transcript;
import org.kiobd.nbd.testkit.Transcript.Cutter;
import org.kiobd.nbd.tls.TlsMode;
import org.kiobd.nbd.tls.TlsPolicy;
import org.kiobd.volume.testkit.LeakCheck;

/** Every path through the handshake, whole and byte by byte. */
@Tag("one-lane")
@ExtendWith(LeakCheck.class)
final class HandshakeTranscriptTest {
    private static final int SIZE = 1 << 20;

    private final AtomicReference<@Nullable String> chosen = new AtomicReference<>();

    private static Stream<Path> transcripts() {
        return Transcript.all("handshake");
    }

    private EmbeddedChannel channel(boolean lone) {
        return channel(lone, TlsPolicy.OFF);
    }

    private EmbeddedChannel channel(boolean lone, TlsPolicy tls) {
        ExportRegistry exports = new ExportRegistry();
        exports.add(new Export("demo", "a demo", new MemoryDevice(SIZE)));
        if (!lone) {
            exports.add(new Export("other", "", new MemoryDevice(SIZE)));
        }
        return new EmbeddedChannel(new HandshakeHandler(
                NbdLimits.DEFAULT,
                exports,
                tls,
                session -> {
                    chosen.set(session.export().name() + ":" + session.style() + ":"
                            + MetaContext.names(session.contexts()));
                    return new ChannelInboundHandlerAdapter();
                },
                "connection=test"));
    }

    private void play(Path file, Cutter cutter) {
        String name = file.getFileName().toString();
        EmbeddedChannel channel = name.startsWith("refused-")
                ? new EmbeddedChannel(HandshakeHandler.refusing("the server is full", "connection=test"))
                : channel(name.startsWith("lone-"), policy(name));
        // On a busy machine a long transcript, byte by byte, takes longer than a handshake may.
        channel.freezeTime();
        new Transcript(file, channel, chosen::get).play(cutter);
        channel.finishAndReleaseAll();
    }

    /** What is asked of a server with TLS up to the point where TLS begins; its context is never used. */
    private static TlsPolicy policy(String name) {
        try {
            SslContext unused = SslContextBuilder.forClient().build();
            if (name.startsWith("tls-required-")) {
                return TlsPolicy.of(TlsMode.REQUIRE, unused, Map.of());
            }
            return name.startsWith("tls-on-")
                    ? TlsPolicy.of(TlsMode.ON, unused, Map.of("other", Set.of("client1")))
                    : TlsPolicy.OFF;
        } catch (SSLException e) {
            throw new IllegalStateException(e);
        }
    }

    @TestFactory
    Stream<DynamicTest> whole() {
        return transcripts().map(file -> dynamicTest(file.getFileName().toString(), () -> play(file, Cutter::whole)));
    }

    @TestFactory
    Stream<DynamicTest> oneByteAtATime() {
        return transcripts().map(file -> dynamicTest(file.getFileName().toString(), () -> play(file, Cutter::singly)));
    }

    @Test
    void aHandshakeThatIsNotFinishedInTimeIsCutOff() {
        EmbeddedChannel channel = channel(false);
        channel.freezeTime();
        channel.advanceTimeBy(NbdLimits.DEFAULT.handshakeTimeoutMs() - 1L, TimeUnit.MILLISECONDS);
        channel.runScheduledPendingTasks();
        assertThat(channel.isActive()).isTrue();
        channel.advanceTimeBy(2, TimeUnit.MILLISECONDS);
        channel.runScheduledPendingTasks();
        assertThat(channel.isActive()).isFalse();
        channel.finishAndReleaseAll();
    }

    @Test
    void plainTextThatCameWithStartTlsEndsTheConnection() {
        EmbeddedChannel channel = channel(false, policy("tls-on-"));
        io.netty.buffer.ByteBuf greeting = channel.readOutbound();
        greeting.release();
        byte[] startTlsAndList = java.util.HexFormat.of()
                .parseHex(
                        "00000003" + "49484156454f5054" + "0000000500000000" + "49484156454f5054" + "0000000300000000");
        channel.writeInbound(channel.alloc().buffer().writeBytes(startTlsAndList));
        channel.runPendingTasks();
        assertThat(channel.isActive()).isFalse();
        io.netty.buffer.ByteBuf answer = channel.readOutbound();
        assertThat(answer.isReadable()).as("STARTTLS was acknowledged").isFalse();
        answer.release();
        channel.finishAndReleaseAll();
    }

    @Test
    void optionsWithoutEndEndTheConnection() {
        EmbeddedChannel channel = channel(false);
        channel.writeInbound(channel.alloc().buffer().writeInt(3));
        byte[] list = java.util.HexFormat.of().parseHex("49484156454f5054" + "0000000300000000");
        for (int i = 0; i < NbdLimits.DEFAULT.maxOptions(); i++) {
            assertThat(channel.isActive()).as("after %d options", i).isTrue();
            channel.writeInbound(channel.alloc().buffer().writeBytes(list));
        }
        assertThat(channel.isActive()).isTrue();
        channel.writeInbound(channel.alloc().buffer().writeBytes(list));
        channel.runPendingTasks();
        assertThat(channel.isActive()).isFalse();
        channel.finishAndReleaseAll();
    }

    @Test
    void aRefusedClientThatSaysNothingHasLessTimeThanOthers() {
        EmbeddedChannel channel = new EmbeddedChannel(HandshakeHandler.refusing("full", "connection=test"));
        channel.freezeTime();
        channel.advanceTimeBy(NbdLimits.DEFAULT.handshakeTimeoutMs() / 2 + 1L, TimeUnit.MILLISECONDS);
        channel.runScheduledPendingTasks();
        assertThat(channel.isActive()).isFalse();
        channel.finishAndReleaseAll();
    }

    @Test
    void whatFollowsGoIsHandedToTheTransmission() {
        EmbeddedChannel channel = channel(true);
        channel.pipeline().addLast(new ChannelInboundHandlerAdapter());
        byte[] go = java.util.HexFormat.of()
                .parseHex("00000003" + "49484156454f5054" + "00000007" + "00000006" + "00000000" + "0000");
        channel.writeInbound(channel.alloc().buffer().writeBytes(go).writeInt(0x25609513));
        io.netty.buffer.ByteBuf early = channel.readInbound();
        assertThat(early.readInt()).isEqualTo(0x25609513);
        early.release();
        channel.finishAndReleaseAll();
    }
}
