package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.protocol.NbdMagic;

/**
 * Frames a connection's bytes: headers it reads, payload it lets others take or throws away. It copies nothing but a header that is
 * split over two buffers, and knows no limits: it never asks for memory, it only holds what it was offered.
 *
 * <pre>
 *   0       4       6      8        16       24
 *   | magic | flags | type | cookie | offset | length (to 28; extended: to 32) | payload ...
 * </pre>
 *
 * <p>The header last read stands in this object until the next one is read. Owned by one connection.
 */
final class RequestDecoder {
    private final ArrayDeque<ByteBuf> following = new ArrayDeque<>(4);
    private final boolean extended;
    private final int headerBytes;

    /** What is split over two buffers and must be looked at in one piece: a header, or a payload of a few bytes. */
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
    }

    /** Of a request on this connection. */
    int headerBytes() {
        return headerBytes;
    }

    /** The next bytes of the stream. Takes them. */
    void offer(ByteBuf bytes) {
        if (!bytes.isReadable()) {
            bytes.release();
        } else if (current == null) {
            current = bytes;
        } else {
            following.add(bytes);
        }
    }

    /** The buffer with the next bytes, borrowed; null if there are none. Who reads from it calls {@link #consumed}. */
    @Nullable
    ByteBuf readable() {
        return current;
    }

    /** Bytes were read from {@link #readable}: lets go of it if it is used up. */
    void consumed() {
        ByteBuf bytes = current;
        if (bytes != null && !bytes.isReadable()) {
            bytes.release();
            current = following.poll();
        }
    }

    /** Reads the next header; false if it is not there in full. */
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

    /** The next {@code bytes}, at most an extended header's, in one piece: borrowed until the next call; null if they are not all there. */
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

    /** Throws away up to {@code bytes} of payload. @return how many are still to come */
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

    /** Gives all memory back; nothing is decoded any more. */
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

    /** NBD_CMD_FLAG bits, 16 of them. */
    int flags() {
        return flags;
    }

    /** The command's number, 16 bits. */
    int type() {
        return type;
    }

    long cookie() {
        return cookie;
    }

    /** Unsigned on the wire: negative here means 2^63 or more. */
    long offset() {
        return offset;
    }

    /** Of the payload, if there is one, else of the range. 0 to 2^32 - 1; extended: unsigned, negative here means 2^63 or more. */
    long length() {
        return length;
    }
}
