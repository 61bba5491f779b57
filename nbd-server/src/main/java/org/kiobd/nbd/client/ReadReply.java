package org.kiobd.nbd.client;

import io.netty.buffer.ByteBuf;
import java.util.List;
import org.kiobd.volume.ReadPiece;

/** The data of a successful READ. Owns the memory until it is closed; close it exactly once. Any thread, but one at a time. */
public final class ReadReply implements AutoCloseable {
    private final ByteBuf memory;
    private final int startBytes;
    private final int lengthBytes;
    private final List<ReadPiece> pieces;

    /** Takes {@code memory}, whose bytes from {@code startBytes} on are the data, except for the pieces that are holes. */
    ReadReply(ByteBuf memory, int startBytes, int lengthBytes, List<ReadPiece> pieces) {
        this.memory = memory;
        this.startBytes = startBytes;
        this.lengthBytes = lengthBytes;
        this.pieces = List.copyOf(pieces);
    }

    /**
     * Returns the pieces of the range, in order and without gaps: memory, and holes reported by the server. Their memory is borrowed until
     * this reply is closed.
     */
    public List<ReadPiece> pieces() {
        return pieces;
    }

    public int lengthBytes() {
        return lengthBytes;
    }

    /** Returns all bytes in one view, after filling the holes with zeros. Borrowed until this reply is closed. */
    public ByteBuf bytes() {
        int at = startBytes;
        for (ReadPiece piece : pieces) {
            if (piece instanceof ReadPiece.Hole) {
                memory.setZero(at, (int) piece.lengthBytes());
            }
            at += (int) piece.lengthBytes();
        }
        return memory.slice(startBytes, lengthBytes);
    }

    /** Releases the memory. */
    @Override
    public void close() {
        memory.release();
    }
}
