package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.protocol.NbdErrno;
import org.kiobd.nbd.protocol.NbdMagic;

/** Encodes the replies of one connection. Stateless; borrows the buffers it writes to. */
abstract sealed class ReplyEncoding permits ReplyEncoding.Simple, ChunkEncoding {
    static ReplyEncoding of(HeaderStyle style) {
        return style.hasChunks() ? new ChunkEncoding(style) : new Simple();
    }

    /** Returns the number of bytes before the data in the reply to a READ that is sent in one piece. */
    abstract int dataHeaderBytes();

    /**
     * Writes the header before the data to {@code reply} at index {@code at}. The data may be added later: a reply is only sent after its
     * READ has succeeded.
     */
    abstract void dataHeader(ByteBuf reply, int at, long cookie, long offset, long lengthBytes);

    /** Returns the memory that the reply to a READ takes. */
    final long readMemoryBytes(long lengthBytes) {
        return dataHeaderBytes() + lengthBytes;
    }

    /** Returns the size of a reply that reports success and has no data. */
    abstract int successBytes();

    abstract void success(ByteBuf out, long cookie, long offset);

    /** Returns the size of the reply that reports {@code failure}. */
    abstract int failureBytes(Failure failure);

    abstract void failure(ByteBuf out, long cookie, long offset, Failure failure);

    /**
     * Simple replies, which every client understands.
     *
     * <pre>
     *   0       4       8        16
     *   | magic | error | cookie | data of READ ...
     * </pre>
     */
    static final class Simple extends ReplyEncoding {
        @Override
        int dataHeaderBytes() {
            return NbdMagic.SIMPLE_REPLY_BYTES;
        }

        @Override
        void dataHeader(ByteBuf reply, int at, long cookie, long offset, long lengthBytes) {
            reply.setInt(at, NbdMagic.NBD_SIMPLE_REPLY_MAGIC);
            reply.setInt(at + 4, NbdErrno.NBD_SUCCESS);
            reply.setLong(at + 8, cookie);
        }

        @Override
        int successBytes() {
            return NbdMagic.SIMPLE_REPLY_BYTES;
        }

        @Override
        void success(ByteBuf out, long cookie, long offset) {
            header(out, cookie, NbdErrno.NBD_SUCCESS);
        }

        @Override
        int failureBytes(Failure failure) {
            return NbdMagic.SIMPLE_REPLY_BYTES;
        }

        @Override
        void failure(ByteBuf out, long cookie, long offset, Failure failure) {
            header(out, cookie, failure.errno());
        }

        private static void header(ByteBuf out, long cookie, int errno) {
            out.writeInt(NbdMagic.NBD_SIMPLE_REPLY_MAGIC).writeInt(errno).writeLong(cookie);
        }
    }
}
