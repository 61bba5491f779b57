package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.List;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.MetaContext;
import org.kiobd.nbd.protocol.NbdMagic;
import org.kiobd.nbd.protocol.NbdReplyType;
import org.kiobd.nbd.protocol.NbdText;

/**
 * Encodes replies as chunks, structured or extended; the two differ in the header before each chunk. The last chunk of a reply is marked
 * with NBD_REPLY_FLAG_DONE.
 *
 * <pre>
 *   0       4       6      8        16                20
 *   | magic | flags | type | cookie | length          | payload ...             structured
 *   | magic | flags | type | cookie | offset (to 24)  | length (to 32) | payload ... extended
 * </pre>
 */
final class ChunkEncoding extends ReplyEncoding {
    private static final int OFFSET_BYTES = 8;
    private static final int HOLE_BYTES = OFFSET_BYTES + 4;
    private static final int ERROR_BYTES = 6;

    private final boolean extended;
    private final int headerBytes;

    ChunkEncoding(HeaderStyle style) {
        extended = style == HeaderStyle.EXTENDED;
        headerBytes = extended ? NbdMagic.EXTENDED_REPLY_BYTES : NbdMagic.STRUCTURED_REPLY_BYTES;
    }

    /** The request that a chunk answers. */
    record Request(long cookie, long offset) {}

    private void header(ByteBuf out, Request request, NbdReplyType type, boolean done, long payloadBytes) {
        out.writeInt(extended ? NbdMagic.NBD_EXTENDED_REPLY_MAGIC : NbdMagic.NBD_STRUCTURED_REPLY_MAGIC)
                .writeShort(done ? NbdMagic.NBD_REPLY_FLAG_DONE : 0)
                .writeShort(type.wire())
                .writeLong(request.cookie);
        if (extended) {
            out.writeLong(request.offset).writeLong(payloadBytes);
        } else {
            out.writeInt((int) payloadBytes);
        }
    }

    @Override
    int dataHeaderBytes() {
        return headerBytes + OFFSET_BYTES;
    }

    @Override
    void dataHeader(ByteBuf reply, int at, long cookie, long offset, long lengthBytes) {
        int end = reply.writerIndex();
        data(reply.writerIndex(at), new Request(cookie, offset), true, offset, lengthBytes);
        reply.writerIndex(end);
    }

    /** Writes the header of a chunk with {@code lengthBytes} of data from {@code atOffset} on. The caller appends the data. */
    void data(ByteBuf out, Request request, boolean done, long atOffset, long lengthBytes) {
        header(out, request, NbdReplyType.OFFSET_DATA, done, OFFSET_BYTES + lengthBytes);
        out.writeLong(atOffset);
    }

    /** Returns the maximum number of bytes that {@link #data} or {@link #hole} writes. */
    int pieceBytes() {
        return headerBytes + HOLE_BYTES;
    }

    /** Writes a chunk that reports {@code lengthBytes}, less than 4 GiB, from {@code atOffset} on as a hole. */
    void hole(ByteBuf out, Request request, boolean done, long atOffset, long lengthBytes) {
        header(out, request, NbdReplyType.OFFSET_HOLE, done, HOLE_BYTES);
        out.writeLong(atOffset).writeInt((int) lengthBytes);
    }

    @Override
    int successBytes() {
        return headerBytes;
    }

    @Override
    void success(ByteBuf out, long cookie, long offset) {
        header(out, new Request(cookie, offset), NbdReplyType.NONE, true, 0);
    }

    @Override
    int failureBytes(Failure failure) {
        return headerBytes + errorBytes(failure);
    }

    private static int errorBytes(Failure failure) {
        return ERROR_BYTES + ByteBufUtil.utf8Bytes(failure.text()) + (failure.atOffset() < 0 ? 0 : OFFSET_BYTES);
    }

    @Override
    void failure(ByteBuf out, long cookie, long offset, Failure failure) {
        boolean located = failure.atOffset() >= 0;
        NbdReplyType type = located ? NbdReplyType.ERROR_OFFSET : NbdReplyType.ERROR;
        header(out, new Request(cookie, offset), type, true, errorBytes(failure));
        out.writeInt(failure.errno()).writeShort(ByteBufUtil.utf8Bytes(failure.text()));
        NbdText.write(out, failure.text());
        if (located) {
            out.writeLong(failure.atOffset());
        }
    }

    /** Returns the size of a block status chunk with {@code descriptors} descriptors, in bytes. */
    int statusBytes(int descriptors) {
        return headerBytes + statusPayloadBytes(descriptors);
    }

    private int statusPayloadBytes(int descriptors) {
        return extended ? 8 + 16 * descriptors : 4 + 8 * descriptors;
    }

    /** One extent in a block status chunk. */
    record Descriptor(long lengthBytes, int status) {}

    /** Writes the block status chunk of one context. In a structured chunk, each length must be less than 4 GiB. */
    void status(ByteBuf out, Request request, boolean done, MetaContext context, List<Descriptor> descriptors) {
        NbdReplyType type = extended ? NbdReplyType.BLOCK_STATUS_EXT : NbdReplyType.BLOCK_STATUS;
        header(out, request, type, done, statusPayloadBytes(descriptors.size()));
        out.writeInt(context.id());
        if (extended) {
            out.writeInt(descriptors.size());
        }
        for (Descriptor descriptor : descriptors) {
            if (extended) {
                out.writeLong(descriptor.lengthBytes).writeLong(descriptor.status);
            } else {
                out.writeInt((int) descriptor.lengthBytes).writeInt(descriptor.status);
            }
        }
    }
}
