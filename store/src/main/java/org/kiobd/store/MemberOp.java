package org.kiobd.store;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.IoError;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.kiobuf.ChainSlice;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.kiobuf.Payload;

/**
 * One request to one member: a contiguous range of the member, an ordered list of entries that gather it from (or scatter it to) the
 * memory of the original requests without a copy, and for each entry the original it belongs to. The splitter creates it and lends it to
 * a {@link MemberPort}, which ends it once by {@link #complete}. Confined to its loop.
 */
public final class MemberOp {
    /** Receives the end of an operation. */
    @FunctionalInterface
    public interface Listener {
        /** Called on the loop, from inside the port; {@link MemberOp#doneBytes()} and {@link MemberOp#error()} have the result. */
        void memberOpEnded(MemberOp op);
    }

    /** Most operations of a random load have one entry; the list of a merged operation grows by a factor of four. */
    private static final int FIRST_ENTRIES = 1;

    private static final int GROWTH = 4;

    /** Largest capacity of an entry list that is kept for reuse. */
    private static final int SHORT_ENTRIES = 64;

    private Op op;
    private int flags;
    private int member;
    private long offsetBytes;
    private Listener listener;

    /** One piece for each entry. */
    private final Payload payload = new Payload();

    private int entries;
    private Kiobuf[] original = new Kiobuf[FIRST_ENTRIES];
    private long[] originalOffset = new long[FIRST_ENTRIES];

    private boolean seenElsewhere;
    private boolean ended;
    private long doneBytes;
    private @Nullable IoError error;
    private long startedNanos;

    /**
     * Creates an operation without entries.
     *
     * @param flags flags of its originals, e.g. {@link Kiobuf#FUA}
     * @param member index of the member in its array
     * @param offsetBytes first byte, in the member's data area
     */
    public MemberOp(Op op, int flags, int member, long offsetBytes, Listener listener) {
        this.op = op;
        this.flags = flags;
        this.member = member;
        this.offsetBytes = offsetBytes;
        this.listener = listener;
    }

    /** Resets this object for reuse as another operation; nobody else may use it any more. */
    void begin(Op newOp, int newFlags, int newMember, long newOffsetBytes, Listener newListener) {
        op = newOp;
        flags = newFlags;
        member = newMember;
        offsetBytes = newOffsetBytes;
        listener = newListener;
        payload.clear();
        entries = 0;
        ended = false;
        doneBytes = 0;
        error = null;
    }

    /**
     * Notes that another thread has the operation and may still read it after its end, so that it is not reused. To be called before the
     * loop learns of the end.
     */
    void leavesLoop() {
        seenElsewhere = true;
    }

    /** Returns whether no other thread has seen the operation and its entry list is short enough to be kept. */
    boolean isReusable() {
        return !seenElsewhere && original.length <= SHORT_ENTRIES;
    }

    /** Appends a slice of an original; increments the original's pending count if the original is new to this operation. */
    public void add(ChainSlice slice) {
        append(slice.original(), slice.originalOffsetBytes());
        payload.add(slice.fragment(), slice.fragmentOffsetBytes(), slice.lengthBytes());
    }

    /**
     * Appends {@code bytes} bytes of an original without data, from its byte {@code atBytes} on; increments the original's pending count
     * if the original is new to this operation.
     */
    public void add(Kiobuf added, long atBytes, long bytes) {
        append(added, atBytes);
        payload.add(null, 0, bytes);
    }

    private void append(Kiobuf added, long atBytes) {
        if (entries == 0 || original[entries - 1] != added) {
            added.beginSlice();
        }
        appendBegun(added, atBytes);
    }

    private void appendBegun(Kiobuf added, long atBytes) {
        if (entries == original.length) {
            int grown = entries * GROWTH;
            original = Arrays.copyOf(original, grown);
            originalOffset = Arrays.copyOf(originalOffset, grown);
        }
        original[entries] = added;
        originalOffset[entries] = atBytes;
        entries++;
    }

    /**
     * Returns the entries {@code [firstEntry, endEntry)} without their first {@code skipBytes} as a new operation. It does not increment
     * the originals' pending counts again: end the originals through one of the two operations, not both.
     */
    public MemberOp part(int firstEntry, int endEntry, long skipBytes) {
        long startBytes = 0;
        long partBytes = 0;
        for (int i = 0; i < endEntry; i++) {
            if (i < firstEntry) {
                startBytes += payload.lengthBytes(i);
            } else {
                partBytes += payload.lengthBytes(i);
            }
        }
        return slice(startBytes + skipBytes, partBytes - skipBytes, listener);
    }

    /**
     * Returns {@code newLengthBytes} bytes of this operation, from its byte {@code skipBytes} on, as a new operation that reports its end
     * to {@code newListener}. A store that wraps another one submits it in place of this operation. The originals still end through this
     * operation.
     */
    public MemberOp slice(long skipBytes, long newLengthBytes, Listener newListener) {
        if (!ByteRange.fits(skipBytes, newLengthBytes, payload.lengthBytes())) {
            throw new IllegalArgumentException(
                    "no such slice: skipBytes=" + skipBytes + " lengthBytes=" + newLengthBytes + " of " + this);
        }
        MemberOp slice = new MemberOp(op, flags, member, offsetBytes + skipBytes, newListener);
        long endBytes = skipBytes + newLengthBytes;
        long entryStart = 0;
        for (int i = 0; i < entries; i++) {
            long from = Math.max(skipBytes, entryStart);
            long to = Math.min(endBytes, entryStart + payload.lengthBytes(i));
            // A FLUSH has originals but no bytes; otherwise skip entries that have no byte in the slice.
            if (from < to || payload.lengthBytes() == 0) {
                slice.appendBegun(original[i], originalOffset[i] + from - entryStart);
                slice.payload.addPart(payload, i, from - entryStart, to - from);
            }
            entryStart += payload.lengthBytes(i);
        }
        return slice;
    }

    public Op op() {
        return op;
    }

    public boolean has(int flag) {
        return (flags & flag) != 0;
    }

    public int member() {
        return member;
    }

    /** Returns the first byte of the range in the member's data area. */
    public long offsetBytes() {
        return offsetBytes;
    }

    public long lengthBytes() {
        return payload.lengthBytes();
    }

    /** Returns the bytes of the operation, borrowed: piece {@code n} belongs to entry {@code n}. */
    public Payload payload() {
        return payload;
    }

    public int entries() {
        return entries;
    }

    /** Returns the original that entry {@code index} belongs to. Entries of one original are adjacent. */
    public Kiobuf original(int index) {
        return original[index];
    }

    /** Returns the offset of entry {@code index} in its original. */
    public long originalOffsetBytes(int index) {
        return originalOffset[index];
    }

    public long entryLengthBytes(int index) {
        return payload.lengthBytes(index);
    }

    /** Returns the memory of entry {@code index}, borrowed; READ and WRITE only. */
    public ByteBuf memory(int index) {
        return payload.memory(index);
    }

    /** Returns the absolute index in {@link #memory} of the first byte of entry {@code index}. */
    public int memoryOffsetBytes(int index) {
        return payload.memoryOffsetBytes(index);
    }

    /** Returns whether every original of this READ accepts the kind of piece that {@code pieceBit} names. */
    public boolean accepts(int pieceBit) {
        for (int i = 0; i < entries; i++) {
            if ((original[i].acceptedPieces() & pieceBit) == 0) {
                return false;
            }
        }
        return entries > 0;
    }

    /** Answers {@code [atBytes, atBytes + piece length)} of this READ with a piece that {@link #accepts} allows. */
    public void place(long atBytes, ReadPiece piece) {
        long entryStart = 0;
        long pieceEnd = atBytes + piece.lengthBytes();
        for (int i = 0; i < entries && entryStart < pieceEnd; i++) {
            long from = Math.max(atBytes, entryStart);
            long to = Math.min(pieceEnd, entryStart + payload.lengthBytes(i));
            if (from < to) {
                original[i].place(originalOffset[i] + from - entryStart, piece.slice(from - atBytes, to - from));
            }
            entryStart += payload.lengthBytes(i);
        }
    }

    /** Records the submit time, for the age counters. */
    public void started(long nanos) {
        startedNanos = nanos;
    }

    public long startedNanos() {
        return startedNanos;
    }

    /**
     * Ends the operation; once, on the loop.
     *
     * @param newDoneBytes bytes from the start that are known to be good; ignored if {@code newError} is null: then all bytes are
     * @param newError the error of the remaining bytes; null for success
     */
    public void complete(long newDoneBytes, @Nullable IoError newError) {
        if (ended) {
            throw new IllegalStateException("member operation ended twice: " + this);
        }
        ended = true;
        doneBytes = newError == null ? lengthBytes() : Math.min(newDoneBytes, lengthBytes());
        error = newError;
        listener.memberOpEnded(this);
    }

    public boolean isEnded() {
        return ended;
    }

    public long doneBytes() {
        return doneBytes;
    }

    public @Nullable IoError error() {
        return error;
    }

    /** Ends the slice of each original; called by the user of an operation that has ended, once. */
    public void endSlices() {
        int last = entries - 1;
        for (int i = 0; i <= last; i++) {
            if (i == last || original[i + 1] != original[i]) {
                original(i).endSlice();
            }
        }
    }

    @Override
    public String toString() {
        return op + " member=" + member + " [" + offsetBytes + "," + (offsetBytes + lengthBytes()) + ") entries="
                + entries;
    }
}
