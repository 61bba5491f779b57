package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.protocol.NbdMagic;

/**
 * Splits the byte stream of a connection into requests: reads headers, and lets others take payload or skips it. Copies only a header that
 * is split over two buffers, and the short payload of a BLOCK_STATUS. Has no limits: it never asks for memory, it only holds the buffers it
 * was offered.
 *
 * <pre>
 *   0       4       6      8        16       24
 *   | magic | flags | type | cookie | offset | length (to 28; extended: to 32) | payload ...
 * </pre>
 *
 * <p>The fields of the last header stay here until the next one is read. Owned by one connection.
 */
final class RequestDecoder {
    private final ArrayDeque<ByteBuf> following = new ArrayDeque<>(4);
    private final boolean extended;
    private final int headerBytes;
    private final int requestMagic;

    /** Holds in one piece what may be split over two buffers: a header, or a payload of a few bytes. */
    private final ByteBuf split = Unpooled.buffer(NbdMagic.EXTENDED_REQUEST_BYTES, NbdMagic.EXTENDED_REQUEST_BYTES);

    private @Nullable ByteBuf current;

    private int magic;
    private int flags;
    private int type;
    private long cookie;
    private long offset;
    private long length;
    private boolean isGathered;

    RequestDecoder(HeaderStyle style) {
        extended = style == HeaderStyle.EXTENDED;
        headerBytes = style.requestBytes();
        requestMagic = style.requestMagic();
    }

    /** Returns the size of a request header on this connection. */
    int headerBytes() {
        return headerBytes;
    }

    /** Adds the next bytes of the stream. Takes them. */
    void offer(ByteBuf bytes) {
        if (!bytes.isReadable()) {
            bytes.release();
        } else if (current == null) {
            current = bytes;
        } else {
            following.add(bytes);
        }
    }

    /**
     * Returns the buffer with the next bytes, borrowed; null if there are none. After reading from it, the caller must call {@link
     * #consumed}.
     */
    @Nullable
    ByteBuf readable() {
        return current;
    }

    /** Releases the buffer of {@link #readable} if all of its bytes have been read. */
    void consumed() {
        ByteBuf bytes = current;
        if (bytes != null && !bytes.isReadable()) {
            bytes.release();
            current = following.poll();
        }
    }

    /** Reads the next header; returns false if it is incomplete. */
    boolean nextHeader() {
        ByteBuf bytes = current;
        if (bytes == null) {
            return false;
        }
        if (bytes.readableBytes() >= headerBytes && (isGathered || !split.isReadable())) {
            read(bytes, bytes.readerIndex());
            bytes.skipBytes(headerBytes);
            consumed();
            return true;
        }
        ByteBuf whole = gather(headerBytes);
        if (whole == null) {
            return false;
        }
        read(whole, 0);
        return true;
    }

    /**
     * Returns the next {@code bytes} in one piece, borrowed until the next call; null if they are incomplete. At most the size of an
     * extended header.
     */
    @Nullable
    ByteBuf gather(int bytes) {
        if (isGathered) {
            split.clear();
            isGathered = false;
        }
        ByteBuf from = current;
        while (from != null && split.writerIndex() < bytes) {
            split.writeBytes(from, Math.min(from.readableBytes(), bytes - split.writerIndex()));
            consumed();
            from = current;
        }
        isGathered = split.writerIndex() == bytes;
        return isGathered ? split : null;
    }

    private void read(ByteBuf bytes, int at) {
        magic = bytes.getInt(at);
        flags = bytes.getUnsignedShort(at + 4);
        type = bytes.getUnsignedShort(at + 6);
        cookie = bytes.getLong(at + 8);
        offset = bytes.getLong(at + 16);
        length = extended ? bytes.getLong(at + 24) : bytes.getUnsignedInt(at + 24);
    }

    /**
     * Skips up to {@code bytes} of payload.
     *
     * @return number of bytes still to be skipped
     */
    long skip(long bytes) {
        long left = bytes;
        ByteBuf from = current;
        while (left > 0 && from != null) {
            int now = (int) Math.min(left, from.readableBytes());
            from.skipBytes(now);
            left -= now;
            consumed();
            from = current;
        }
        return left;
    }

    /** Releases all memory; nothing is decoded afterwards. */
    void close() {
        if (current != null) {
            current.release();
            current = null;
        }
        following.forEach(ByteBuf::release);
        following.clear();
        split.clear();
    }

    int magic() {
        return magic;
    }

    /** Returns whether the header begins as a request of this connection must. */
    boolean hasRequestMagic() {
        return magic == requestMagic;
    }

    /** Returns the NBD_CMD_FLAG bits, 16 of them. */
    int flags() {
        return flags;
    }

    /** Returns the number of the command, 16 bits. */
    int type() {
        return type;
    }

    long cookie() {
        return cookie;
    }

    /** Returns the offset. It is unsigned on the wire: a negative value means 2^63 or more. */
    long offset() {
        return offset;
    }

    /**
     * Returns the length of the payload, if there is one, else of the range. Compact header: 0 to 2^32 - 1. Extended header: unsigned, a
     * negative value means 2^63 or more.
     */
    long length() {
        return length;
    }
}
