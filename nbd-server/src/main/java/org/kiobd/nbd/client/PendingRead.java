package org.kiobd.nbd.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.kiobuf.Fragment;

/** A READ, and a record of which of its bytes have arrived. Subclasses decide where the data go. */
abstract class PendingRead extends Pending {
    /**
     * Together with {@link #RUNS_ANYWAY}, limits the number of recorded runs: otherwise a server that sends only tiny chunks would make the
     * client store more bookkeeping than data.
     */
    private static final int SMALLEST_USUAL_RUN_BYTES = 512;

    private static final int RUNS_ANYWAY = 1024;

    /** True if a single chunk covers the whole range, the usual case; {@link #runs} is only for the others. */
    private boolean whole;

    private boolean wholeIsHole;
    private @Nullable TreeMap<Integer, Run> runs;
    private long comeBytes;
    private int chunks;

    /** Adjacent chunks, all data or all holes. */
    private record Run(int endBytes, boolean isHole) {}

    PendingRead(Request request) {
        super(request);
    }

    @Override
    final long payloadBytes() {
        return request().lengthBytes();
    }

    /** Allocates memory for the data if the subclass needs it; called just before the request is sent. */
    void provideMemory(ByteBufAllocator alloc) {}

    /** Forgets all received chunks, so that the request can be sent again. */
    final void forgetChunks() {
        forget();
        whole = false;
        runs = null;
        comeBytes = 0;
        chunks = 0;
    }

    /**
     * Records a chunk of the reply: {@code bytes} bytes at {@code atOffset}, followed by data unless it is a hole.
     *
     * @throws NbdException if the chunk is empty, not within the range, or overlaps an earlier chunk, or if there are too many chunks
     */
    final void chunk(long atOffset, long bytes, boolean isHole) throws NbdException {
        if (bytes < 1 || !request().contains(atOffset, bytes)) {
            throw wrong(
                    "has a chunk outside of it: offset=" + Long.toUnsignedString(atOffset) + " lengthBytes=" + bytes);
        }
        if (++chunks > 1 && isUnfragmented()) {
            throw wrong("is in several chunks, although it was not to be fragmented");
        }
        int lengthBytes = (int) request().lengthBytes();
        if (bytes == lengthBytes && comeBytes == 0) {
            whole = true;
            wholeIsHole = isHole;
            comeBytes = lengthBytes;
        } else {
            if (runs == null) {
                runs = new TreeMap<>();
                if (whole) {
                    runs.put(0, new Run(lengthBytes, wholeIsHole));
                }
            }
            int start = (int) (atOffset - request().offsetBytes());
            add(runs, start, start + (int) bytes, isHole);
        }
        if (isHole) {
            hole(atOffset, (int) bytes);
        }
    }

    private void add(NavigableMap<Integer, Run> runs, int start, int end, boolean isHole) throws NbdException {
        Map.Entry<Integer, Run> left = runs.floorEntry(start);
        Map.Entry<Integer, Run> right = runs.ceilingEntry(start);
        if ((left != null && left.getValue().endBytes > start) || (right != null && right.getKey() < end)) {
            throw wrong("has overlapping chunks: one of " + (end - start) + " bytes at offset="
                    + (request().offsetBytes() + start));
        }
        comeBytes += end - start;
        int from = start;
        int to = end;
        if (right != null && right.getKey() == end && right.getValue().isHole == isHole) {
            to = right.getValue().endBytes;
            runs.remove(right.getKey());
        }
        if (left != null && left.getValue().endBytes == start && left.getValue().isHole == isHole) {
            from = left.getKey();
        }
        runs.put(from, new Run(to, isHole));
        if (runs.size() > RUNS_ANYWAY + request().lengthBytes() / SMALLEST_USUAL_RUN_BYTES) {
            throw wrong("is in too many pieces: " + runs.size());
        }
    }

    /** Consumes {@code bytes} bytes of data for {@code atOffset}, which belong to a recorded chunk. Borrows {@code in}. */
    abstract void data(long atOffset, ByteBuf in, int bytes);

    /** Handles a hole: {@code bytes} bytes at {@code atOffset} read as zeros, and the server sends no data for them. */
    void hole(long atOffset, int bytes) {}

    @Override
    final void complete() throws NbdException {
        if (comeBytes != request().lengthBytes()) {
            throw wrong("ended with only " + comeBytes + " of its bytes");
        }
        allHere();
    }

    /** Reports success; every byte has arrived, exactly once. */
    abstract void allHere();

    /** Returns the received pieces in order; all of them are in {@code all}, from {@code startBytes} on. Borrows {@code all}. */
    final List<ReadPiece> pieces(ByteBuf all, int startBytes) {
        if (whole) {
            return List.of(piece(all, startBytes, (int) request().lengthBytes(), wholeIsHole));
        }
        List<ReadPiece> pieces = new ArrayList<>();
        if (runs != null) {
            runs.forEach((start, run) -> pieces.add(piece(all, startBytes + start, run.endBytes - start, run.isHole)));
        }
        return pieces;
    }

    private static ReadPiece piece(ByteBuf all, int at, int bytes, boolean isHole) {
        return isHole ? new ReadPiece.Hole(bytes) : new ReadPiece.Memory(Fragment.of(all, at, bytes));
    }
}
