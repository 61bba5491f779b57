package org.kiobd.nbd.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.protocol.NbdReplyType;
import org.kiobd.nbd.protocol.TransmissionFlags;

/** A client in transmission without a socket: the test says what the server sends, byte by byte. Confined to the test's thread. */
final class ScriptedConnection implements AutoCloseable {
    static final int ALLOCATION = 5;
    static final int OTHER = 9;
    private static final int ALL_FLAGS = 0x1fff & ~TransmissionFlags.NBD_FLAG_READ_ONLY;

    private final HeaderStyle style;
    private final EmbeddedChannel channel;
    private final NbdClient client;
    private final ByteArrayOutputStream sent = new ByteArrayOutputStream();

    ScriptedConnection(HeaderStyle style) {
        this.style = style;
        Negotiated negotiated = new Negotiated(
                new ExportInfo("x", "", 1L << 40, ALL_FLAGS, ExportInfo.BlockSizes.DEFAULT),
                style,
                style.hasChunks() ? Map.of("base:allocation", ALLOCATION, "test:other", OTHER) : Map.of(),
                null);
        ClientConnection connection = new ClientConnection("nbd://scripted", style, NbdClientOptions.DEFAULT);
        channel = new EmbeddedChannel(connection);
        client = new NbdClient(channel, connection, negotiated, NbdClientOptions.DEFAULT);
    }

    NbdClient client() {
        return client;
    }

    /** What the client has sent since the last call. */
    byte[] sent() {
        channel.runPendingTasks();
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            sent.writeBytes(ByteBufUtil.getBytes(out));
            out.release();
        }
        byte[] all = sent.toByteArray();
        sent.reset();
        return all;
    }

    /** The server sends {@code bytes} in one piece, to whom hung up in vain. */
    void receive(byte[] bytes) {
        if (!channel.isOpen()) {
            return;
        }
        channel.writeInbound(channel.alloc().directBuffer(bytes.length).writeBytes(bytes));
        channel.runPendingTasks();
    }

    @SuppressWarnings("FutureReturnValueIgnored") // an embedded channel closes at once
    void hangUp() {
        channel.close();
        channel.runPendingTasks();
    }

    boolean isOpen() {
        return channel.isOpen();
    }

    static byte[] simple(int errno, long cookie, byte... data) {
        return array(Unpooled.buffer()
                .writeInt(0x67446698)
                .writeInt(errno)
                .writeLong(cookie)
                .writeBytes(data));
    }

    /** A chunk as this connection's style has it, for a request at {@code offset}. */
    byte[] chunk(boolean done, int type, long cookie, long offset, byte[] payload) {
        return array(header(done, type, cookie, offset, payload.length).writeBytes(payload));
    }

    byte[] chunk(boolean done, NbdReplyType type, long cookie, long offset, byte[] payload) {
        return chunk(done, type.wire(), cookie, offset, payload);
    }

    ByteBuf header(boolean done, int type, long cookie, long offset, long payloadBytes) {
        boolean extended = style == HeaderStyle.EXTENDED;
        ByteBuf out = Unpooled.buffer()
                .writeInt(extended ? 0x6e8a278c : 0x668e33ef)
                .writeShort(done ? 1 : 0)
                .writeShort(type)
                .writeLong(cookie);
        return extended ? out.writeLong(offset).writeLong(payloadBytes) : out.writeInt((int) payloadBytes);
    }

    static byte[] data(long offset, byte... data) {
        return array(Unpooled.buffer().writeLong(offset).writeBytes(data));
    }

    static byte[] hole(long offset, int bytes) {
        return array(Unpooled.buffer().writeLong(offset).writeInt(bytes));
    }

    static byte[] error(int errno, String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        return array(Unpooled.buffer().writeInt(errno).writeShort(utf8.length).writeBytes(utf8));
    }

    static byte[] errorAt(int errno, String text, long offset) {
        return array(Unpooled.buffer().writeBytes(error(errno, text)).writeLong(offset));
    }

    /** The payload of a block status chunk: pairs of length and status. */
    byte[] status(int context, long... pairs) {
        boolean extended = style == HeaderStyle.EXTENDED;
        ByteBuf out = Unpooled.buffer().writeInt(context);
        if (extended) {
            out.writeInt(pairs.length / 2);
        }
        for (long number : pairs) {
            if (extended) {
                out.writeLong(number);
            } else {
                out.writeInt((int) number);
            }
        }
        return array(out);
    }

    static byte[] join(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    static byte[] array(ByteBuf bytes) {
        return ByteBufUtil.getBytes(bytes);
    }

    /** Why it failed; it has to have. */
    static NbdException failure(CompletableFuture<?> future) {
        if (!future.isCompletedExceptionally()) {
            throw new AssertionError("it did not fail: " + future);
        }
        return NbdException.of(future.handle((result, why) -> why).join());
    }

    @Override
    public void close() {
        client.close();
        channel.finishAndReleaseAll();
    }
}
