package org.kiobd.nbd.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.kiobd.nbd.protocol.NbdOption;
import org.kiobd.nbd.protocol.NbdRep;
import org.kiobd.nbd.tls.Security;

/** The server's side of a handshake, as a table of what it answers to each option. Confined to the test's thread. */
final class ScriptedServer implements AutoCloseable {
    private final OptionChannel wire = new OptionChannel();
    private final EmbeddedChannel channel = new EmbeddedChannel(wire);
    private final ByteBuf received = Unpooled.buffer();
    private final Map<NbdOption, byte[]> answers = new EnumMap<>(NbdOption.class);
    private final List<NbdOption> asked = new ArrayList<>();
    private byte[] greeting = greeting(3);
    private boolean byteByByte;

    static byte[] greeting(int flags) {
        return ScriptedConnection.array(Unpooled.buffer()
                .writeLong(0x4e42444d41474943L)
                .writeLong(0x49484156454F5054L)
                .writeShort(flags));
    }

    static byte[] reply(NbdOption option, NbdRep type, byte... payload) {
        return ScriptedConnection.array(Unpooled.buffer()
                .writeLong(0x0003e889045565a9L)
                .writeInt(option.wire())
                .writeInt(type.wire())
                .writeInt(payload.length)
                .writeBytes(payload));
    }

    static byte[] infoExport(long sizeBytes, int flags) {
        return ScriptedConnection.array(
                Unpooled.buffer().writeShort(0).writeLong(sizeBytes).writeShort(flags));
    }

    static byte[] infoBlocks(int minimum, int preferred, int maximum) {
        return ScriptedConnection.array(Unpooled.buffer()
                .writeShort(3)
                .writeInt(minimum)
                .writeInt(preferred)
                .writeInt(maximum));
    }

    static byte[] context(int id, String name) {
        return ScriptedConnection.join(Unpooled.copyInt(id).array(), name.getBytes(StandardCharsets.UTF_8));
    }

    ScriptedServer greets(byte[] bytes) {
        greeting = bytes;
        return this;
    }

    /** Sends everything in pieces of one byte. */
    ScriptedServer byteByByte() {
        byteByByte = true;
        return this;
    }

    ScriptedServer answers(NbdOption option, byte[]... replies) {
        answers.put(option, ScriptedConnection.join(replies));
        return this;
    }

    /** With one error. */
    ScriptedServer refuses(NbdOption option, NbdRep error) {
        return answers(option, reply(option, error));
    }

    ScriptedServer acknowledges(NbdOption option) {
        return answers(option, reply(option, NbdRep.ACK));
    }

    ScriptedServer goes(byte[]... infos) {
        List<byte[]> replies = new ArrayList<>();
        for (byte[] info : infos) {
            replies.add(reply(NbdOption.GO, NbdRep.INFO, info));
        }
        replies.add(reply(NbdOption.GO, NbdRep.ACK));
        return answers(NbdOption.GO, replies.toArray(byte[][]::new));
    }

    /** Plays the handshake as far as it goes; an option without an answer makes the server hang up. */
    <T> CompletableFuture<T> play(
            NbdUri uri, NbdClientOptions options, Function<Negotiator, CompletableFuture<T>> conversation) {
        Negotiator negotiator = new Negotiator(
                wire,
                uri,
                options,
                () -> CompletableFuture.completedFuture(new Security("TLSv1.3", "scripted", Set.of())));
        CompletableFuture<T> result = conversation.apply(negotiator);
        send(greeting);
        boolean flagsRead = false;
        while (!result.isDone() && channel.isOpen()) {
            collect();
            if (!flagsRead && received.readableBytes() >= Integer.BYTES) {
                received.skipBytes(Integer.BYTES);
                flagsRead = true;
            } else if (flagsRead && received.readableBytes() >= 16) {
                answer();
            } else {
                hangUp();
            }
        }
        return result;
    }

    private void answer() {
        received.skipBytes(Long.BYTES);
        NbdOption option = NbdOption.fromWire(received.readInt());
        received.skipBytes(received.readInt());
        asked.add(option);
        byte[] answer = answers.get(option);
        if (answer == null) {
            hangUp();
        } else {
            send(answer);
        }
    }

    private void collect() {
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            received.writeBytes(out);
            out.release();
        }
    }

    private void send(byte[] bytes) {
        if (!byteByByte) {
            channel.writeInbound(Unpooled.copiedBuffer(bytes));
            return;
        }
        for (byte one : bytes) {
            channel.writeInbound(Unpooled.copiedBuffer(new byte[] {one}));
        }
    }

    @SuppressWarnings("FutureReturnValueIgnored") // an embedded channel closes at once
    private void hangUp() {
        channel.close();
    }

    /** The options it was asked for, in order. */
    List<NbdOption> asked() {
        return asked;
    }

    boolean isOpen() {
        return channel.isOpen();
    }

    @Override
    public void close() {
        channel.finishAndReleaseAll();
    }
}
