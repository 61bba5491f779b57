package org.kiobd.nbd.client;

import io.netty.buffer.ByteBuf;
import java.util.List;
import org.kiobd.volume.ReadPiece;

/**
 * What a READ brought. It owns the memory until it is closed; close it exactly once. One thread at a time, any.
 */
public final class ReadReply implements AutoCloseable {
    private final ByteBuf memory;
    private final int startBytes;
    private final int lengthBytes;
    private final List<ReadPiece> pieces;

    /** Takes {@code memory}, whose bytes from {@code startBytes} on are the answer, except where pieces are holes. */
    ReadReply(ByteBuf memory, int startBytes, int lengthBytes, List<ReadPiece> pieces) {
        this.memory = memory;
        this.startBytes = startBytes;
        this.lengthBytes = lengthBytes;
        this.pieces = List.copyOf(pieces);
    }

    /** In order, without gap: memory, and what the server said are holes. Their memory is borrowed until this is closed. */
    public List<ReadPiece> pieces() {
        return pieces;
    }

    public int lengthBytes() {
        return lengthBytes;
    }

    /** All bytes, in one view: zeros are written where the server told of holes. Borrowed until this is closed. */
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

    /** Gives the memory back. */
    @Override
    public void close() {
        memory.release();
    }
}
