package org.kiobd.nbd.handshake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
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
import org.kiobd.volume.testkit.LeakCheck;

/** Every path through the handshake, whole and byte by byte. */
@ExtendWith(LeakCheck.class)
final class HandshakeTranscriptTest {
    private static final int SIZE = 1 << 20;

    private final AtomicReference<@Nullable String> chosen = new AtomicReference<>();

    private static Stream<Path> transcripts() {
        return Transcript.all("handshake");
    }

    private EmbeddedChannel channel(boolean lone) {
        ExportRegistry exports = new ExportRegistry();
        exports.add(new Export("demo", "a demo", new MemoryDevice(SIZE)));
        if (!lone) {
            exports.add(new Export("other", "", new MemoryDevice(SIZE)));
        }
        return new EmbeddedChannel(new HandshakeHandler(
                NbdLimits.DEFAULT,
                exports,
                session -> {
                    chosen.set(session.export().name() + ":" + session.style() + ":"
                            + MetaContext.names(session.contexts()));
                    return new ChannelInboundHandlerAdapter();
                },
                "connection=test"));
    }

    private void play(Path file, Cutter cutter) {
        EmbeddedChannel channel = channel(file.getFileName().toString().startsWith("lone-"));
        new Transcript(file, channel, chosen::get).play(cutter);
        channel.finishAndReleaseAll();
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
