package org.kiobd.store.file;

import io.netty.buffer.ByteBuf;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberOp;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.AlignedMemory;
import org.kiobd.volume.kiobuf.ChainCursor;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;
import org.kiobd.volume.kiobuf.Op;

/**
 * A READ or WRITE whose range or memory is not aligned for direct I/O. It is done piece by piece through aligned bounce memory, each
 * piece rounded out to whole blocks. A WRITE first reads the first and last block if it covers only a part of them; its caller holds the
 * {@link WriteGuards} claim of the range. Confined to one loop.
 *
 * <pre>
 *   blocks   |       |       |       |       |
 *   piece        [=====================]          the requested bytes
 *   memory   [rrrr=====================rrrrrr]    r: read first, for a WRITE
 * </pre>
 */
final class BouncedOp {
    /** Most bytes per piece: limits the bounce memory of one operation. */
    static final int PIECE_BYTES = 256 << 10;

    private final DirectTransfers port;
    private final DirectFile direct;
    private final MemberOp op;
    private final Consumer<MemberOp> finished;
    private long doneBytes;
    private @Nullable ByteBuf memory;
    private long pieceStart;
    private long pieceEnd;
    private int edgesToRead;
    private @Nullable IoError edgeError;

    /** @param finished called immediately before {@code op} completes */
    BouncedOp(DirectTransfers port, DirectFile direct, MemberOp op, Consumer<MemberOp> finished) {
        this.port = port;
        this.direct = direct;
        this.op = op;
        this.finished = finished;
    }

    private long opEnd() {
        return op.offsetBytes() + op.lengthBytes();
    }

    /** Starts the next piece, or ends the operation if all bytes are done. */
    void next() {
        long from = op.offsetBytes() + doneBytes;
        if (doneBytes == op.lengthBytes()) {
            end();
            return;
        }
        pieceStart = direct.floor(from);
        pieceEnd = Math.min(direct.ceil(opEnd()), pieceStart + PIECE_BYTES);
        if (op.op() == Op.READ) {
            memory = AlignedMemory.allocate((int) (pieceEnd - pieceStart));
            port.send(Op.READ, pieceStart, fragment(pieceStart, pieceEnd), this::pieceRead);
            return;
        }
        long wholeBytes = direct.floor(port.fileBytes());
        if (from >= wholeBytes) {
            // The file ends inside this block: writing the whole block would extend the file.
            port.sendBuffered(op.slice(doneBytes, op.lengthBytes() - doneBytes, this::tailWritten));
            return;
        }
        pieceEnd = Math.min(pieceEnd, wholeBytes);
        memory = AlignedMemory.allocate((int) (pieceEnd - pieceStart));
        readEdges(from);
    }

    private Fragment fragment(long startBytes, long endBytes) {
        return Fragment.of(memory().retain(), (int) (startBytes - pieceStart), (int) (endBytes - startBytes));
    }

    private ByteBuf memory() {
        if (memory == null) {
            throw new IllegalStateException("no piece is under way: " + op);
        }
        return memory;
    }

    private void dropMemory() {
        memory().release();
        memory = null;
    }

    private void readEdges(long from) {
        long lastBlock = pieceEnd - direct.blockBytes();
        boolean head = from > pieceStart;
        boolean tail = opEnd() < pieceEnd && !(head && lastBlock == pieceStart);
        edgeError = null;
        // One extra, dropped by the last call below, so that reads that end inline do not start the write too early.
        edgesToRead = 1 + (head ? 1 : 0) + (tail ? 1 : 0);
        if (head) {
            readEdge(pieceStart);
        }
        if (tail) {
            readEdge(lastBlock);
        }
        edgeRead(null);
    }

    private void readEdge(long startBytes) {
        direct.patchedBlocks().increment();
        port.send(
                Op.READ,
                startBytes,
                fragment(startBytes, startBytes + direct.blockBytes()),
                read -> edgeRead(read.error()));
    }

    private void edgeRead(@Nullable IoError error) {
        edgeError = error == null ? edgeError : error;
        if (--edgesToRead > 0) {
            return;
        }
        if (edgeError != null) {
            dropMemory();
            fail(edgeError);
            return;
        }
        copy(Math.min(pieceEnd, opEnd()) - op.offsetBytes());
        port.send(Op.WRITE, pieceStart, fragment(pieceStart, pieceEnd), this::pieceWritten);
    }

    private void pieceWritten(MemberOp written) {
        dropMemory();
        advance(pieceStart + written.doneBytes(), written.error());
    }

    private void pieceRead(MemberOp read) {
        copy(Math.min(opEnd(), pieceStart + read.doneBytes()) - op.offsetBytes());
        dropMemory();
        advance(pieceStart + read.doneBytes(), read.error());
    }

    private void tailWritten(MemberOp written) {
        advance(op.offsetBytes() + doneBytes + written.doneBytes(), written.error());
    }

    /** @param reachedBytes member offset up to which the bytes are good */
    private void advance(long reachedBytes, @Nullable IoError error) {
        doneBytes = Math.max(doneBytes, Math.min(reachedBytes, opEnd()) - op.offsetBytes());
        if (error != null) {
            fail(error);
        } else {
            next();
        }
    }

    /** Copies between the piece and the memory of the operation: the bytes {@code [doneBytes, toBytes)} of the operation. */
    private void copy(long toBytes) {
        ByteBuf piece = memory();
        boolean reading = op.op() == Op.READ;
        long entryStart = 0;
        for (int i = 0; i < op.entries() && entryStart < toBytes; i++) {
            long from = Math.max(doneBytes, entryStart);
            int bytes = (int) (Math.min(toBytes, entryStart + op.entryLengthBytes(i)) - from);
            if (bytes > 0) {
                int inPiece = (int) (op.offsetBytes() + from - pieceStart);
                int inEntry = op.memoryOffsetBytes(i) + (int) (from - entryStart);
                if (reading) {
                    piece.getBytes(inPiece, op.memory(i), inEntry, bytes);
                } else {
                    piece.setBytes(inPiece, op.memory(i), inEntry, bytes);
                }
            }
            entryStart += op.entryLengthBytes(i);
        }
    }

    /** Ends the operation after all bytes are done, with a sync first for a WRITE with FUA. */
    private void end() {
        if (op.op() == Op.WRITE && op.has(Kiobuf.FUA)) {
            port.sendFlush(synced -> finish(op.lengthBytes(), synced.error()));
        } else {
            finish(op.lengthBytes(), null);
        }
    }

    private void fail(IoError error) {
        // All bytes done together with an error would mean that only the sync failed.
        finish(Math.min(doneBytes, op.lengthBytes() - 1), error);
    }

    private void finish(long goodBytes, @Nullable IoError error) {
        finished.accept(op);
        op.complete(goodBytes, error);
    }

    /**
     * Creates the operation that does {@code request}, a READ or WRITE of bounce memory, on its member.
     *
     * @param listener called after the slice of {@code request} has ended
     */
    static MemberOp over(Kiobuf request, int member, MemberOp.Listener listener) {
        MemberOp made = new MemberOp(request.op(), 0, member, request.offsetBytes(), ended -> {
            request.endSlice();
            listener.memberOpEnded(ended);
        });
        made.add(new ChainCursor(KiobufChain.of(request)).next(Long.MAX_VALUE));
        return made;
    }
}
