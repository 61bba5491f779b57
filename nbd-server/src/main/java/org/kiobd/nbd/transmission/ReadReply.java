package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.Queue;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.PagePool;

/**
 * Encodes the reply to a READ into parts to be sent: its own memory, or pieces, i.e. data, holes and file extents. Each part is a {@link
 * ByteBuf} or {@link ReadPiece.FileExtent}. Every method borrows the request, adds references to its memory, and returns the number of file
 * extents.
 */
final class ReadReply {
    private final PagePool pool;
    private final ReplyEncoding encoding;

    ReadReply(PagePool pool, ReplyEncoding encoding) {
        this.pool = pool;
        this.encoding = encoding;
    }

    /** Encodes the whole reply. If it is all in memory, it is sent as it is, because its header precedes the data. */
    int whole(Kiobuf request, Queue<Object> parts) {
        if (request.isAllMemory()) {
            return memory(request, parts);
        }
        if (encoding instanceof ChunkEncoding chunks) {
            return chunks(request, request.pieces(), chunks, parts);
        }
        parts.add(request.fragment(0).memory().retainedSlice(0, encoding.dataHeaderBytes()));
        return data(request.pieces(), parts);
    }

    /** Encodes a chunk for each run of data and for each hole. */
    private int chunks(Kiobuf request, List<ReadPiece> pieces, ChunkEncoding chunks, Queue<Object> parts) {
        ChunkEncoding.Request to = new ChunkEncoding.Request(request.cookie(), request.offsetBytes());
        ByteBuf heads = pool.allocate(pieces.size() * chunks.pieceBytes());
        long at = request.offsetBytes();
        int extents = 0;
        int next = 0;
        while (next < pieces.size()) {
            int first = next;
            int headStart = heads.writerIndex();
            if (pieces.get(first) instanceof ReadPiece.Hole hole) {
                next++;
                chunks.hole(heads, to, next == pieces.size(), at, hole.lengthBytes());
                parts.add(heads.retainedSlice(headStart, heads.writerIndex() - headStart));
                at += hole.lengthBytes();
            } else {
                long bytes = 0;
                while (next < pieces.size() && !(pieces.get(next) instanceof ReadPiece.Hole)) {
                    bytes += pieces.get(next).lengthBytes();
                    next++;
                }
                chunks.data(heads, to, next == pieces.size(), at, bytes);
                parts.add(heads.retainedSlice(headStart, heads.writerIndex() - headStart));
                extents += data(pieces.subList(first, next), parts);
                at += bytes;
            }
        }
        heads.release();
        return extents;
    }

    /** Encodes the data of a READ that accepts no holes. */
    int withoutHeader(Kiobuf request, Queue<Object> parts) {
        return request.isAllMemory() ? memory(request, parts) : data(request.pieces(), parts);
    }

    private static int memory(Kiobuf request, Queue<Object> parts) {
        for (int i = 0; i < request.fragmentCount(); i++) {
            parts.add(request.fragment(i).memory().retain());
        }
        return 0;
    }

    private static int data(List<ReadPiece> pieces, Queue<Object> parts) {
        int extents = 0;
        for (ReadPiece piece : pieces) {
            if (piece instanceof ReadPiece.FileExtent) {
                parts.add(piece);
                extents++;
            } else {
                Fragment fragment = ((ReadPiece.Memory) piece).fragment();
                parts.add(fragment.memory().retainedSlice(fragment.offsetBytes(), fragment.lengthBytes()));
            }
        }
        return extents;
    }
}
