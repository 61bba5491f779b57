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
 * A READ or WRITE that direct I/O does not take as it is, for the sake of its range or its memory: done piece by piece, each by way of
 * aligned memory and rounded out to whole blocks. Of a block that is written in part the rest is read first; whoever starts such a WRITE
 * holds its guard. Confined to one loop.
 *
 * <pre>
 *   blocks   |       |       |       |       |
 *   piece        [=====================]          what is asked for
 *   memory   [rrrr=====================rrrrrr]    r: read before, if it is a WRITE
 * </pre>
 */
final class BouncedOp {
    /** How much is copied at once: what bounds the memory an operation takes beside its own. */
    static final int PIECE_BYTES = 256 << 10;

    private final DirectMemberPort port;
    private final DirectFile direct;
    private final MemberOp op;
    private final Consumer<MemberOp> finished;
    private long doneBytes;
    private @Nullable ByteBuf memory;
    private long pieceStart;
    private long pieceEnd;
    private int edgesToRead;
    private @Nullable IoError edgeError;

    /** @param finished told when {@code op} is about to end */
    BouncedOp(DirectMemberPort port, DirectFile direct, MemberOp op, Consumer<MemberOp> finished) {
        this.port = port;
        this.direct = direct;
        this.op = op;
        this.finished = finished;
    }

    private long opEnd() {
        return op.offsetBytes() + op.lengthBytes();
    }

    /** Goes on with what is not done yet. */
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
            // The file ends inside a block: written whole, it would make the file longer.
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
        // One more than there are, so that those that end at once do not end it all.
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

    /** @param reachedBytes up to where it is good, on the member */
    private void advance(long reachedBytes, @Nullable IoError error) {
        doneBytes = Math.max(doneBytes, Math.min(reachedBytes, opEnd()) - op.offsetBytes());
        if (error != null) {
            fail(error);
        } else {
            next();
        }
    }

    /** Between the piece and the operation's own memory: what is not done yet, up to its byte {@code toBytes}. */
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

    /** All bytes are where they belong; what is left is the sync that FUA asks for. */
    private void end() {
        if (op.op() == Op.WRITE && op.has(Kiobuf.FUA)) {
            port.sendFlush(synced -> finish(op.lengthBytes(), synced.error()));
        } else {
            finish(op.lengthBytes(), null);
        }
    }

    private void fail(IoError error) {
        // All done, and an error: that would mean that a sync failed.
        finish(Math.min(doneBytes, op.lengthBytes() - 1), error);
    }

    private void finish(long goodBytes, @Nullable IoError error) {
        finished.accept(op);
        op.complete(goodBytes, error);
    }

    /** An operation of its own over {@code fragment}, which it takes. */
    static MemberOp over(Kiobuf request, int member, MemberOp.Listener listener) {
        MemberOp made = new MemberOp(request.op(), 0, member, request.offsetBytes(), ended -> {
            request.endSlice();
            listener.memberOpEnded(ended);
        });
        made.add(new ChainCursor(KiobufChain.of(request)).next(Long.MAX_VALUE));
        return made;
    }
}
