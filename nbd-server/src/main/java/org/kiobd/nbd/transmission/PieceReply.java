package org.kiobd.nbd.transmission;

import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.Queue;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.PagePool;

/**
 * Encodes the reply to a READ that was answered with pieces, i.e. with holes or file extents, into parts to be sent: each a {@link ByteBuf}
 * or {@link ReadPiece.FileExtent}. Every method borrows the request, adds references to its memory, and returns the number of file extents.
 */
final class PieceReply {
    private final PagePool pool;
    private final ReplyEncoding encoding;

    PieceReply(PagePool pool, ReplyEncoding encoding) {
        this.pool = pool;
        this.encoding = encoding;
    }

    /** Encodes the whole reply. */
    int whole(Kiobuf request, Queue<Object> parts) {
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

    /** Adds the pieces, without a header; none is a hole. */
    int data(List<ReadPiece> pieces, Queue<Object> parts) {
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
