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

/** A READ: which of its bytes have come. Where they go is its kind's. */
abstract class PendingRead extends Pending {
    /** A server that sends chunks smaller than this all along would have us remember more than it sends. */
    private static final int SMALLEST_USUAL_RUN_BYTES = 512;

    private static final int RUNS_ANYWAY = 1024;

    /** Mostly one chunk brings all there is; the map is for the others. */
    private boolean whole;

    private boolean wholeIsHole;
    private @Nullable TreeMap<Integer, Run> runs;
    private long comeBytes;
    private int chunks;

    /** Neighbouring chunks of one kind. */
    private record Run(int endBytes, boolean isHole) {}

    PendingRead(Request request) {
        super(request);
    }

    @Override
    final long payloadBytes() {
        return request().lengthBytes();
    }

    /** It is about to be sent. */
    void provideMemory(ByteBufAllocator alloc) {}

    /** Nothing has come: it is asked again. */
    final void forgetChunks() {
        forget();
        whole = false;
        runs = null;
        comeBytes = 0;
        chunks = 0;
    }

    /** The reply has a chunk for {@code bytes} bytes, 1 or more, at {@code atOffset}; data follow, unless it is a hole. */
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

    /** {@code bytes} bytes have come for {@code atOffset}, in a chunk that was announced: consumes them. Borrows {@code in}. */
    abstract void data(long atOffset, ByteBuf in, int bytes);

    /** The server says that there are zeros, and stores none. */
    void hole(long atOffset, int bytes) {}

    @Override
    final void complete() throws NbdException {
        if (comeBytes != request().lengthBytes()) {
            throw wrong("ended with only " + comeBytes + " of its bytes");
        }
        allHere();
    }

    /** Every byte has come, once: tells. */
    abstract void allHere();

    /** What has come, in order; it all lies in {@code all} from {@code startBytes} on. Borrows it. */
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
