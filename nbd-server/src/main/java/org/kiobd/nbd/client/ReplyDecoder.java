package org.kiobd.nbd.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.HeaderStyle;
import org.kiobd.nbd.protocol.NbdCommand;
import org.kiobd.nbd.protocol.NbdMagic;
import org.kiobd.nbd.protocol.NbdReplyType;

/**
 * Decodes the replies of the server from a byte stream cut at any position, and trusts none of them: a reply that does not match a request
 * in flight ends the connection. Buffers at most one header or one error text ({@link #MAX_ERROR_BYTES}); data go directly to the memory of
 * their READ. Confined to the event loop.
 *
 * <pre>
 *   magic --> simple header ----------------------------------> data of a READ --> next
 *         \-> chunk header --> prefix (offset, hole, context) --> data | extents --> next
 *                          \-> error ----------------------------------------------> next
 * </pre>
 */
final class ReplyDecoder {
    /** The maximum size of an error payload: errno, length of the text, the longest text, and an offset. */
    static final int MAX_ERROR_BYTES = 4 + 2 + NbdMagic.MAX_STRING_BYTES + 8;

    private static final int ERROR_BYTES = 6;
    private static final int OFFSET_BYTES = 8;
    private static final int HOLE_BYTES = 12;
    private static final int CONTEXT_BYTES = 4;
    private static final int EXT_CONTEXT_BYTES = 8;
    private static final int EXTENT_BYTES = 8;
    private static final int EXT_EXTENT_BYTES = 16;

    /** The requests whose replies are decoded. */
    interface Requests {
        /** Returns the request in flight with this cookie; null if there is none. */
        @Nullable
        Pending find(long cookie);

        /**
         * Removes and ends a request whose reply is complete.
         *
         * @throws NbdException if the reply does not match the request
         */
        void finish(Pending request) throws NbdException;

        /** Returns whether the connection still accepts replies. */
        boolean isOpen();
    }

    /** The part of a reply that comes next. */
    private enum Stage {
        MAGIC,
        SIMPLE_HEADER,
        CHUNK_HEADER,
        DATA_PREFIX,
        HOLE,
        CONTEXT,
        EXTENT,
        ERROR,
        DATA
    }

    private final HeaderStyle style;
    private final Requests requests;
    private final ByteBuf scratch = Unpooled.buffer(64, MAX_ERROR_BYTES);

    private Stage stage = Stage.MAGIC;
    private int neededBytes = Integer.BYTES;
    private boolean done;
    private int type;
    private long payloadBytes;
    private @Nullable Pending current;
    private long dataOffset;
    private long dataLeftBytes;
    private long extentsLeft;

    ReplyDecoder(HeaderStyle style, Requests requests) {
        this.style = style;
        this.requests = requests;
    }

    /**
     * Decodes the received bytes and consumes them. Borrows {@code in}.
     *
     * @throws NbdException if the server violated the protocol; nothing more may be decoded then
     */
    void decode(ByteBuf in) throws NbdException {
        while (in.isReadable() && requests.isOpen()) {
            if (stage == Stage.DATA) {
                data(in);
            } else if (scratch.isReadable() || in.readableBytes() < neededBytes) {
                int missing = neededBytes - scratch.readableBytes();
                scratch.writeBytes(in, Math.min(missing, in.readableBytes()));
                if (scratch.readableBytes() == neededBytes) {
                    step(scratch);
                    scratch.clear();
                }
            } else {
                step(in);
            }
        }
    }

    /** Returns whether the received bytes end in the middle of a reply. */
    boolean isInReply() {
        return stage != Stage.MAGIC || scratch.isReadable();
    }

    private void expect(Stage next, int bytes) {
        stage = next;
        neededBytes = bytes;
    }

    private void step(ByteBuf in) throws NbdException {
        switch (stage) {
            case MAGIC -> magic(in.readInt());
            case SIMPLE_HEADER -> simple(in);
            case CHUNK_HEADER -> chunk(in);
            case DATA_PREFIX -> beginData(in.readLong(), payloadBytes - OFFSET_BYTES);
            case HOLE -> {
                read().chunk(in.readLong(), in.readUnsignedInt(), true);
                endOfChunk();
            }
            case CONTEXT -> context(in);
            case EXTENT -> extent(in);
            case ERROR -> error(in);
            case DATA -> throw new IllegalStateException("data have no fixed length");
        }
    }

    private void magic(int magic) throws NbdException {
        boolean extended = style == HeaderStyle.EXTENDED;
        if (magic == NbdMagic.NBD_SIMPLE_REPLY_MAGIC && !extended) {
            expect(Stage.SIMPLE_HEADER, NbdMagic.SIMPLE_REPLY_BYTES - Integer.BYTES);
        } else if (magic == NbdMagic.NBD_STRUCTURED_REPLY_MAGIC && style == HeaderStyle.STRUCTURED) {
            expect(Stage.CHUNK_HEADER, NbdMagic.STRUCTURED_REPLY_BYTES - Integer.BYTES);
        } else if (magic == NbdMagic.NBD_EXTENDED_REPLY_MAGIC && extended) {
            expect(Stage.CHUNK_HEADER, NbdMagic.EXTENDED_REPLY_BYTES - Integer.BYTES);
        } else {
            throw NbdException.broken("the server sent a reply with a wrong magic: magic=0x"
                    + Integer.toHexString(magic) + " style=" + style);
        }
    }

    private Pending find(long wanted) throws NbdException {
        Pending found = requests.find(wanted);
        if (found == null) {
            throw NbdException.broken(
                    "the server answered a request that was not made: cookie=" + Long.toUnsignedString(wanted));
        }
        current = found;
        return found;
    }

    private Pending current() {
        if (current == null) {
            throw new IllegalStateException("in no reply");
        }
        return current;
    }

    private PendingRead read() throws NbdException {
        if (current() instanceof PendingRead read) {
            return read;
        }
        throw current().wrong("has data or holes, which it did not ask for");
    }

    private PendingStatus status() throws NbdException {
        if (current() instanceof PendingStatus status) {
            return status;
        }
        throw current().wrong("has block status, which it did not ask for");
    }

    private void simple(ByteBuf in) throws NbdException {
        int errno = in.readInt();
        Pending request = find(in.readLong());
        boolean wantsChunks = request instanceof PendingRead || (request instanceof PendingStatus && errno == 0);
        if (style.hasChunks() && wantsChunks) {
            throw request.wrong("is a simple one, although replies in chunks were agreed on");
        }
        done = true;
        if (errno != 0) {
            request.charge(errno, "", OptionalLong.empty());
            endOfChunk();
        } else if (request instanceof PendingRead read) {
            long bytes = read.request().lengthBytes();
            beginData(read.request().offsetBytes(), bytes);
        } else {
            endOfChunk();
        }
    }

    private void chunk(ByteBuf in) throws NbdException {
        done = (in.readUnsignedShort() & NbdMagic.NBD_REPLY_FLAG_DONE) != 0;
        type = in.readUnsignedShort();
        Pending request = find(in.readLong());
        if (style == HeaderStyle.EXTENDED) {
            long offset = in.readLong();
            if (offset != request.request().offsetBytes()) {
                throw request.wrong("is for another offset: " + Long.toUnsignedString(offset));
            }
            payloadBytes = in.readLong();
        } else {
            payloadBytes = in.readUnsignedInt();
        }
        beginPayload(request);
    }

    private void beginPayload(Pending request) throws NbdException {
        NbdReplyType known = NbdReplyType.fromWire(type);
        boolean fits = switch (known) {
            case NONE -> payloadBytes == 0 && done;
            case OFFSET_DATA -> payloadBytes > OFFSET_BYTES;
            case OFFSET_HOLE -> payloadBytes == HOLE_BYTES;
            case BLOCK_STATUS -> style == HeaderStyle.STRUCTURED && isList(CONTEXT_BYTES, EXTENT_BYTES);
            case BLOCK_STATUS_EXT -> style == HeaderStyle.EXTENDED && isList(EXT_CONTEXT_BYTES, EXT_EXTENT_BYTES);
            case ERROR, ERROR_OFFSET, UNKNOWN ->
                NbdReplyType.isError(type) && payloadBytes >= errorBytes(known) && payloadBytes <= MAX_ERROR_BYTES;
        };
        if (!fits) {
            throw request.wrong("has a chunk that cannot be: type=" + (known == NbdReplyType.UNKNOWN ? type : known)
                    + " payloadBytes=" + Long.toUnsignedString(payloadBytes) + " done=" + done);
        }
        switch (known) {
            case NONE -> endOfChunk();
            case OFFSET_DATA -> {
                read();
                expect(Stage.DATA_PREFIX, OFFSET_BYTES);
            }
            case OFFSET_HOLE -> {
                read();
                expect(Stage.HOLE, HOLE_BYTES);
            }
            case BLOCK_STATUS -> expect(Stage.CONTEXT, CONTEXT_BYTES);
            case BLOCK_STATUS_EXT -> expect(Stage.CONTEXT, EXT_CONTEXT_BYTES);
            case ERROR, ERROR_OFFSET, UNKNOWN -> expect(Stage.ERROR, (int) payloadBytes);
        }
    }

    private static int errorBytes(NbdReplyType known) {
        return known == NbdReplyType.ERROR_OFFSET ? ERROR_BYTES + OFFSET_BYTES : ERROR_BYTES;
    }

    private boolean isList(int headBytes, int entryBytes) {
        long entries = (payloadBytes - headBytes) / entryBytes;
        return payloadBytes > headBytes
                && payloadBytes == headBytes + entries * entryBytes
                && entries <= PendingStatus.MAX_EXTENTS;
    }

    private void beginData(long atOffset, long bytes) throws NbdException {
        read().chunk(atOffset, bytes, false);
        dataOffset = atOffset;
        dataLeftBytes = bytes;
        stage = Stage.DATA;
    }

    private void data(ByteBuf in) throws NbdException {
        int bytes = (int) Math.min(in.readableBytes(), dataLeftBytes);
        read().data(dataOffset, in, bytes);
        dataOffset += bytes;
        dataLeftBytes -= bytes;
        if (dataLeftBytes == 0) {
            endOfChunk();
        }
    }

    private void context(ByteBuf in) throws NbdException {
        boolean extended = style == HeaderStyle.EXTENDED;
        long entries = extended
                ? (payloadBytes - EXT_CONTEXT_BYTES) / EXT_EXTENT_BYTES
                : (payloadBytes - CONTEXT_BYTES) / EXTENT_BYTES;
        int id = in.readInt();
        if (extended && in.readUnsignedInt() != entries) {
            throw current().wrong("counts other extents than it has: " + entries);
        }
        status().context(id, entries);
        extentsLeft = entries;
        expect(Stage.EXTENT, extended ? EXT_EXTENT_BYTES : EXTENT_BYTES);
    }

    private void extent(ByteBuf in) throws NbdException {
        if (style == HeaderStyle.EXTENDED) {
            status().extent(in.readLong(), in.readLong());
        } else {
            status().extent(in.readUnsignedInt(), in.readUnsignedInt());
        }
        if (--extentsLeft == 0) {
            endOfChunk();
        }
    }

    private void error(ByteBuf in) throws NbdException {
        int end = in.readerIndex() + (int) payloadBytes;
        int errno = in.readInt();
        int textBytes = in.readUnsignedShort();
        boolean located = type == NbdReplyType.ERROR_OFFSET.wire();
        int room = (int) payloadBytes - errorBytes(NbdReplyType.fromWire(type));
        if (errno == 0 || textBytes > room) {
            throw current()
                    .wrong("has an error that cannot be: errno=" + errno + " textBytes=" + textBytes + " payloadBytes="
                            + payloadBytes);
        }
        String text = in.readCharSequence(textBytes, StandardCharsets.UTF_8).toString();
        OptionalLong at = OptionalLong.empty();
        if (located) {
            at = OptionalLong.of(in.readLong());
            if (current().request().command() == NbdCommand.FLUSH
                    || !current().request().contains(at.getAsLong(), 1)) {
                throw current().wrong("has an error outside of it: offset=" + Long.toUnsignedString(at.getAsLong()));
            }
        }
        in.readerIndex(end);
        current().charge(errno, text, at);
        endOfChunk();
    }

    private void endOfChunk() throws NbdException {
        Pending ended = current();
        expect(Stage.MAGIC, Integer.BYTES);
        current = null;
        if (done) {
            requests.finish(ended);
        }
    }
}
