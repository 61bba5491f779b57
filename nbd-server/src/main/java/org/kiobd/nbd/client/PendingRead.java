package org.kiobd.nbd.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.kiobuf.Fragment;

/** A READ: where its bytes go, and which have come. */
final class PendingRead extends Pending<ReadReply> {
    /** A server that sends chunks smaller than this all along would have us remember more than it sends. */
    private static final int SMALLEST_USUAL_RUN_BYTES = 512;

    private static final int RUNS_ANYWAY = 1024;

    private final int lengthBytes;
    /** Mostly one chunk brings all there is; the map is for the others. */
    private @Nullable Run whole;

    private @Nullable TreeMap<Integer, Run> runs;
    private @Nullable ByteBuf memory;
    private int startBytes;
    private int comeBytes;
    private int chunks;

    /** Neighbouring chunks of one kind. */
    private record Run(int endBytes, boolean isHole) {}

    /** Takes one reference on the memory of {@code destination}; null: memory is made when the request is sent. */
    PendingRead(Request request, @Nullable Fragment destination) {
        super(request);
        lengthBytes = (int) request.lengthBytes();
        if (destination != null) {
            memory = destination.memory();
            startBytes = destination.offsetBytes();
        }
    }

    @Override
    long payloadBytes() {
        return lengthBytes;
    }

    /** It is about to be sent. */
    void provideMemory(ByteBufAllocator alloc) {
        if (memory == null) {
            memory = alloc.directBuffer(lengthBytes, lengthBytes);
        }
    }

    private ByteBuf memory() {
        if (memory == null) {
            throw new IllegalStateException("no memory for " + request());
        }
        return memory;
    }

    /** The reply has a chunk for {@code bytes} bytes, 1 or more, at {@code atOffset}; data follow, unless it is a hole. */
    void chunk(long atOffset, long bytes, boolean isHole) throws NbdException {
        if (bytes < 1 || !request().contains(atOffset, bytes)) {
            throw wrong(
                    "has a chunk outside of it: offset=" + Long.toUnsignedString(atOffset) + " lengthBytes=" + bytes);
        }
        if (++chunks > 1 && isUnfragmented()) {
            throw wrong("is in several chunks, although it was not to be fragmented");
        }
        if (bytes == lengthBytes && comeBytes == 0) {
            whole = new Run(lengthBytes, isHole);
            comeBytes = lengthBytes;
            return;
        }
        if (runs == null) {
            runs = new TreeMap<>();
            if (whole != null) {
                runs.put(0, whole);
            }
        }
        int start = (int) (atOffset - request().offsetBytes());
        add(runs, start, start + (int) bytes, isHole);
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
        if (runs.size() > RUNS_ANYWAY + lengthBytes / SMALLEST_USUAL_RUN_BYTES) {
            throw wrong("is in too many pieces: " + runs.size());
        }
    }

    /** Copies {@code bytes} bytes that have come to their place. Borrows {@code in}. */
    void data(long atOffset, ByteBuf in, int bytes) {
        in.readBytes(memory(), startBytes + (int) (atOffset - request().offsetBytes()), bytes);
    }

    @Override
    void complete(CompletableFuture<ReadReply> ending) throws NbdException {
        if (comeBytes != lengthBytes) {
            throw wrong("ended with only " + comeBytes + " of its bytes");
        }
        ByteBuf all = memory();
        List<ReadPiece> pieces = pieces(all);
        memory = null;
        ReadReply reply = new ReadReply(all, startBytes, lengthBytes, pieces);
        if (!ending.complete(reply)) {
            // Whoever asked has given up.
            reply.close();
        }
    }

    private List<ReadPiece> pieces(ByteBuf all) {
        if (whole != null) {
            return List.of(piece(all, 0, whole));
        }
        List<ReadPiece> pieces = new ArrayList<>();
        if (runs != null) {
            runs.forEach((start, run) -> pieces.add(piece(all, start, run)));
        }
        return pieces;
    }

    private ReadPiece piece(ByteBuf all, int start, Run run) {
        int bytes = run.endBytes - start;
        return run.isHole
                ? new ReadPiece.Hole(bytes)
                : new ReadPiece.Memory(Fragment.of(all, startBytes + start, bytes));
    }

    @Override
    void drop() {
        if (memory != null) {
            memory.release();
            memory = null;
        }
    }
}
