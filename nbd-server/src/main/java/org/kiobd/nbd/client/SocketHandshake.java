package org.kiobd.nbd.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.protocol.NbdErrno;

/**
 * The handshake over a socket that somebody else uses afterwards, e.g. the kernel. It reads no byte that belongs to the transmission phase, and
 * asks for simple replies, the only ones that Linux's client understands. Stateless; calls block.
 */
public final class SocketHandshake {
    private static final int READ_BYTES = 4096;

    private SocketHandshake() {}

    /**
     * Chooses the export; the transmission phase begins.
     *
     * @param socket a connection on which nothing has been read or written; borrowed. A read that times out must throw.
     * @throws NbdException if the server refuses, hangs up or breaks the protocol
     */
    public static ExportInfo enter(NbdUri uri, ByteChannel socket) throws NbdException {
        return converse(uri, socket, negotiator -> negotiator.enter().thenApply(Negotiated::export));
    }

    /** Asks for the description of the export without choosing it; the caller then closes the socket. Otherwise like {@link #enter}. */
    public static ExportInfo info(NbdUri uri, ByteChannel socket) throws NbdException {
        return converse(uri, socket, Negotiator::info);
    }

    private static ExportInfo converse(
            NbdUri uri, ByteChannel socket, Function<Negotiator, CompletableFuture<ExportInfo>> conversation)
            throws NbdException {
        OptionChannel wire = new OptionChannel();
        EmbeddedChannel channel = new EmbeddedChannel(wire);
        NbdClientOptions options =
                NbdClientOptions.DEFAULT.withBestStyle(HeaderStyle.SIMPLE).withMetaContexts();
        Negotiator negotiator = new Negotiator(
                wire,
                uri,
                options,
                () -> CompletableFuture.failedFuture(
                        NbdException.refused(NbdErrno.NBD_ENOTSUP, "this connection cannot use TLS")));
        try {
            CompletableFuture<ExportInfo> answer = conversation.apply(negotiator);
            ByteBuffer bytes = ByteBuffer.allocate(READ_BYTES);
            send(channel, socket);
            while (!answer.isDone()) {
                receive(channel, socket, bytes.clear());
                send(channel, socket);
            }
            if (wire.hasUnread()) {
                throw NbdException.broken("the server sent bytes after the handshake that nobody asked for");
            }
            return answer.join();
        } catch (IOException e) {
            throw NbdException.lost("the handshake failed: " + e.getMessage(), e)
                    .during(uri.toString());
        } catch (RuntimeException e) {
            throw NbdException.of(e).during(uri.toString());
        } finally {
            channel.finishAndReleaseAll();
        }
    }

    private static void send(EmbeddedChannel channel, ByteChannel socket) throws IOException {
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            try {
                ByteBuffer bytes = out.nioBuffer();
                while (bytes.hasRemaining()) {
                    socket.write(bytes);
                }
            } finally {
                out.release();
            }
        }
    }

    private static void receive(EmbeddedChannel channel, ByteChannel socket, ByteBuffer bytes) throws IOException {
        if (socket.read(bytes) < 0) {
            channel.close().syncUninterruptibly();
        } else {
            channel.writeInbound(Unpooled.copiedBuffer(bytes.flip()));
        }
    }
}
