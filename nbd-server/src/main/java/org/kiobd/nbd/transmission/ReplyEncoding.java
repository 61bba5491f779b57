package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.protocol.NbdErrno;
import org.kiobd.nbd.protocol.NbdMagic;

/** The bytes of the replies of one connection. Stateless; what it writes to it borrows. */
abstract sealed class ReplyEncoding permits ReplyEncoding.Simple, ChunkEncoding {
    static ReplyEncoding of(HeaderStyle style) {
        return style.hasChunks() ? new ChunkEncoding(style) : new Simple();
    }

    /** Bytes before the data of a READ that is answered in one piece. */
    abstract int dataHeaderBytes();

    /** Writes them to {@code reply} from {@code at} on; the data may come later: the request is known to succeed when it is sent. */
    abstract void dataHeader(ByteBuf reply, int at, long cookie, long offset, long lengthBytes);

    /** The memory the reply of one READ takes. */
    final long readMemoryBytes(long lengthBytes) {
        return dataHeaderBytes() + lengthBytes;
    }

    /** Bytes of a reply without data that says that all went well. */
    abstract int successBytes();

    abstract void success(ByteBuf out, long cookie, long offset);

    /** Bytes of the reply that says {@code failure}. */
    abstract int failureBytes(Failure failure);

    abstract void failure(ByteBuf out, long cookie, long offset, Failure failure);

    /**
     * What every client understands.
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
