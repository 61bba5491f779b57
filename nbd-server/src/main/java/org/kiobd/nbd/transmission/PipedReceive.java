package org.kiobd.nbd.transmission;

import static java.util.Objects.requireNonNull;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.PagePool;
import org.kiobd.volume.kiobuf.PipedPayload;

/**
 * Receives payloads of large WRITEs past Netty: splice(2) takes them from the socket into pipes, from where a file takes them, and nobody
 * copies them into this process. What comes behind such a WRITE is received in pieces so small that they bring no payload along.
 *
 * <p>Only while Netty has no receive of its own under way may the socket be taken from, for bytes would change places: inside {@link
 * #begin} and {@link #end}. Where the socket has nothing, Netty waits for more by a small receive. Confined to its loop.
 */
final class PipedReceive {
    /** What is smaller costs less to copy. */
    private static final int LEAST_BYTES = Integer.getInteger("kiobd.splice.bytes", 32 << 10);

    /** More than this that was received already is not put into a pipe. */
    private static final int MAX_IN_HAND_BYTES = 4 << 10;

    /** After so much, others of the loop have their turn, however fast the client sends. */
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

    /** @param socket null where there is none that can be had: then everything goes the other way, as it does where the device wants no pipes */
    PipedReceive(@Nullable RawSocket socket, RequestDecoder decoder, PagePool pool, BlockDevice device) {
        this.socket = device.takesPipes() ? socket : null;
        this.decoder = decoder;
        this.pool = pool;
        this.headerBytes = decoder.headerBytes();
    }

    /** Netty has delivered something and receives nothing now. */
    void begin() {
        open = true;
    }

    /** Netty may receive again. */
    void end() {
        open = false;
    }

    /** Whether it has brought so much that what it brought should be done first. */
    boolean yieldRequested() {
        return turnBytes >= TURN_BYTES;
    }

    /** What it brought is being done. */
    void nextTurn() {
        turnBytes = 0;
    }

    /** What has come is the header of a WRITE, or of something else. Another like it may follow. */
    void header(boolean isWrite, long offsetBytes, long lengthBytes) {
        expected = socket != null
                && isWrite
                && lengthBytes >= LEAST_BYTES
                && lengthBytes <= PipedPayload.MAX_BYTES
                && (offsetBytes | lengthBytes) % PAGE_BYTES == 0;
    }

    /** The payload of {@code request} follows. @return whether it goes this way */
    boolean take(Kiobuf request) {
        ByteBuf inHand = decoder.readable();
        if (expected && (inHand == null || inHand.readableBytes() <= MAX_IN_HAND_BYTES)) {
            payload = PipedPayload.of(pool, (int) request.lengthBytes());
        }
        return payload != null;
    }

    /** Whether a payload is on its way. */
    boolean isTaking() {
        return payload != null;
    }

    /** Takes what is there. @return whether that was all of it */
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
            // There may be more.
        }
        return filling.missingBytes() == 0;
    }

    /** The complete payload. Returns owned. */
    Fragment finish() {
        PipedPayload filled = requireNonNull(payload);
        Fragment complete = Fragment.of(filled);
        turnBytes += filled.lengthBytes();
        payload = null;
        return complete;
    }

    /** Another header may be in the socket behind the last payload: gets it. @return whether anything came */
    boolean receiveHeader() {
        if (!expected || !open || yieldRequested()) {
            return false;
        }
        ByteBuf header = pool.allocator().directBuffer(headerBytes, headerBytes);
        long received = requireNonNull(socket).receive(header);
        decoder.offer(header);
        return received > 0;
    }

    /** Where Netty should put the next bytes, so that they are few; returns owned. Null if they may be many. */
    @Nullable
    ByteBuf receiveInto() {
        boolean few = payload != null ? !payload.isInMemory() : expected && decoder.readable() == null;
        return few ? pool.allocator().directBuffer(headerBytes, headerBytes) : null;
    }

    /** Gives up what was being received. */
    void abandon() {
        if (payload != null) {
            payload.release();
            payload = null;
        }
    }

    /** Payload bytes that were copied in our own code so far. */
    long copiedBytes() {
        return copiedBytes;
    }
}
