package org.kiobd.nbd.transmission;

import static java.util.Objects.requireNonNull;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.kiobuf.Payload;
import org.kiobd.volume.kiobuf.PipedPayload;

/**
 * Receives the payload of large WRITEs, bypassing Netty: splice(2) moves it from the socket into pipes, and from there into a file, without
 * a copy into this process. After such a WRITE, Netty receives so few bytes at a time that the next payload stays in the socket.
 *
 * <p>The socket may be read only while Netty has no receive of its own in flight, i.e. between {@link #begin} and {@link #end}; otherwise
 * bytes would be reordered. If the socket is empty, Netty waits for more data with a small receive. Confined to its loop.
 */
final class PipedReceive {
    /** Smaller payloads are cheaper to copy: docs/adr/0012-large-writes-by-splice.md has the rates at 16 and 32 KiB. */
    private static final int LEAST_BYTES = 32 << 10;

    /** If more bytes than this have been received already, the payload does not go into a pipe. */
    private static final int MAX_IN_HAND_BYTES = 4 << 10;

    /** After this many bytes, other tasks of the loop get a turn, however fast the client sends. */
    private static final long TURN_BYTES = 256 << 10;

    private static final int PAGE_BYTES = 4096;

    private final @Nullable RawSocket socket;
    private final RequestDecoder decoder;
    private final PagePool pool;
    private final int headerBytes;
    private @Nullable PipedPayload payload;
    private boolean expected;
    private boolean open;
    private long turnBytes;
    private long copiedBytes;

    /**
     * @param socket socket of the channel; null if there is none. Without it, or if the device prefers memory, Netty receives all payload
     */
    PipedReceive(@Nullable RawSocket socket, RequestDecoder decoder, PagePool pool, BlockDevice device) {
        this.socket = device.preferredPayload() == Payload.Form.PIPES ? socket : null;
        this.decoder = decoder;
        this.pool = pool;
        this.headerBytes = decoder.headerBytes();
    }

    /** Notes that Netty has delivered data and has no receive in flight. */
    void begin() {
        open = true;
    }

    /** Notes that Netty may receive again. */
    void end() {
        open = false;
    }

    /** Returns whether so much was received that the received requests should be executed before more is received. */
    boolean yieldRequested() {
        return turnBytes >= TURN_BYTES;
    }

    /** Starts a new turn: the received requests are being executed. */
    void nextTurn() {
        turnBytes = 0;
    }

    /** Notes the header of a request. After a WRITE whose payload can go into pipes, another one like it is expected. */
    void header(boolean isWrite, long offsetBytes, long lengthBytes) {
        expected = socket != null
                && isWrite
                && lengthBytes >= LEAST_BYTES
                && lengthBytes <= PipedPayload.MAX_BYTES
                && (offsetBytes | lengthBytes) % PAGE_BYTES == 0;
    }

    /**
     * Starts to receive the payload of {@code request}, if it can go into pipes.
     *
     * @return whether it does
     */
    boolean take(Kiobuf request) {
        ByteBuf inHand = decoder.readable();
        if (expected && (inHand == null || inHand.readableBytes() <= MAX_IN_HAND_BYTES)) {
            payload = PipedPayload.of(pool, (int) request.lengthBytes());
        }
        return payload != null;
    }

    /** Returns whether a payload is being received. */
    boolean isTaking() {
        return payload != null;
    }

    /**
     * Receives the part of the payload that is available.
     *
     * @return whether the payload is complete
     */
    boolean advance() {
        PipedPayload filling = requireNonNull(payload);
        ByteBuf inHand = decoder.readable();
        while (inHand != null && filling.missingBytes() > 0) {
            int before = inHand.readableBytes();
            filling.fill(inHand);
            copiedBytes += before - inHand.readableBytes();
            decoder.consumed();
            inHand = decoder.readable();
        }
        while (filling.missingBytes() > 0 && open && requireNonNull(socket).splice(filling) > 0) {
            // The socket may have more.
        }
        return filling.missingBytes() == 0;
    }

    /** Ends the receive. Returns the complete payload, owned. */
    Fragment finish() {
        PipedPayload filled = requireNonNull(payload);
        Fragment complete = Fragment.of(filled);
        turnBytes += filled.lengthBytes();
        payload = null;
        return complete;
    }

    /**
     * Receives the next header, which may follow the last payload in the socket.
     *
     * @return whether any bytes were received
     */
    boolean receiveHeader() {
        if (!expected || !open || yieldRequested()) {
            return false;
        }
        ByteBuf header = pool.allocator().directBuffer(headerBytes, headerBytes);
        long received = requireNonNull(socket).receive(header);
        decoder.offer(header);
        return received > 0;
    }

    /** Returns a buffer, owned, that limits Netty's next receive to a few bytes; null if the receive may be large. */
    @Nullable
    ByteBuf receiveInto() {
        boolean few = payload != null ? !payload.isInMemory() : expected && decoder.readable() == null;
        return few ? pool.allocator().directBuffer(headerBytes, headerBytes) : null;
    }

    /** Gives up the payload that is being received, if any. */
    void abandon() {
        if (payload != null) {
            payload.release();
            payload = null;
        }
    }

    /** Returns the number of payload bytes that our own code has copied so far. */
    long copiedBytes() {
        return copiedBytes;
    }
}
