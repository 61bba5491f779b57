package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.protocol.NbdMagic;

/**
 * Frames a connection's bytes: headers it reads, payload it lets others take or throws away. It copies nothing but a header that is
 * split over two buffers, and knows no limits: it never asks for memory, it only holds what it was offered.
 *
 * <pre>
 *   0       4       6      8        16       24       28
 *   | magic | flags | type | cookie | offset | length | payload of WRITE ...
 * </pre>
 *
 * <p>The header last read stands in this object until the next one is read. Owned by one connection.
 */
final class RequestDecoder {
    private final ArrayDeque<ByteBuf> following = new ArrayDeque<>(4);
    private final ByteBuf splitHeader = Unpooled.buffer(NbdMagic.REQUEST_BYTES, NbdMagic.REQUEST_BYTES);
    private @Nullable ByteBuf current;

    private int magic;
    private int flags;
    private int type;
    private long cookie;
    private long offset;
    private int length;

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
        if (bytes.readableBytes() >= NbdMagic.REQUEST_BYTES && !splitHeader.isReadable()) {
            read(bytes, bytes.readerIndex());
            bytes.skipBytes(NbdMagic.REQUEST_BYTES);
            consumed();
            return true;
        }
        while (bytes != null && splitHeader.isWritable()) {
            splitHeader.writeBytes(bytes, Math.min(bytes.readableBytes(), splitHeader.writableBytes()));
            consumed();
            bytes = current;
        }
        if (splitHeader.isWritable()) {
            return false;
        }
        read(splitHeader, 0);
        splitHeader.clear();
        return true;
    }

    private void read(ByteBuf bytes, int at) {
        magic = bytes.getInt(at);
        flags = bytes.getUnsignedShort(at + 4);
        type = bytes.getUnsignedShort(at + 6);
        cookie = bytes.getLong(at + 8);
        offset = bytes.getLong(at + 16);
        length = bytes.getInt(at + 24);
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
        splitHeader.clear();
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

    /** 0 to 2^32 - 1. */
    long length() {
        return Integer.toUnsignedLong(length);
    }
}
