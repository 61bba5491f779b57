package org.kiobd.store;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.IoError;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.kiobuf.ChainSlice;
import org.kiobd.volume.kiobuf.Fragment;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.Op;
import org.kiobd.volume.kiobuf.PipedPayload;

/**
 * One request to one member: one contiguous range there, an ordered list of entries that gather (or scatter) it straight over the
 * originals' memory, and for each entry the original it belongs to. Made by the splitter, lent to a {@link MemberPort}, ended once by
 * {@link #complete}. Confined to its loop.
 */
public final class MemberOp {
    /** Who learns that an operation has ended. */
    @FunctionalInterface
    public interface Listener {
        /** {@link MemberOp#doneBytes()} and {@link MemberOp#error()} say how; called on the loop, from inside the port. */
        void memberOpEnded(MemberOp op);
    }

    /** Most operations of a random load have one entry; a merged one grows in steps of four. */
    private static final int FIRST_ENTRIES = 1;

    private static final int GROWTH = 4;

    /** A longer list is not kept for the next operation. */
    private static final int SHORT_ENTRIES = 64;

    private Op op;
    private int flags;
    private int member;
    private long offsetBytes;
    private Listener listener;
    private long lengthBytes;

    private int entries;
    private Kiobuf[] original = new Kiobuf[FIRST_ENTRIES];
    private @Nullable Fragment[] fragment = new Fragment[FIRST_ENTRIES];
    private int[] fragmentOffset = new int[FIRST_ENTRIES];
    private long[] originalOffset = new long[FIRST_ENTRIES];
    private long[] entryLength = new long[FIRST_ENTRIES];

    private boolean seenElsewhere;
    private boolean ended;
    private long doneBytes;
    private @Nullable IoError error;
    private long startedNanos;

    /**
     * An operation without entries yet.
     *
     * @param flags those of its originals: {@link Kiobuf#FUA} and so on
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

    /** Used again, as another operation; nobody has it any more. */
    void begin(Op newOp, int newFlags, int newMember, long newOffsetBytes, Listener newListener) {
        op = newOp;
        flags = newFlags;
        member = newMember;
        offsetBytes = newOffsetBytes;
        listener = newListener;
        lengthBytes = 0;
        entries = 0;
        ended = false;
        doneBytes = 0;
        error = null;
    }

    /** Another thread has it, and may still look at it when it has ended: it is not used again. Told before the loop hears of the end. */
    void leavesLoop() {
        seenElsewhere = true;
    }

    /** Whether nobody else knows it, and it is small enough to be kept. */
    boolean isReusable() {
        return !seenElsewhere && original.length <= SHORT_ENTRIES;
    }

    /** Appends a slice of an original; takes a share in the original's pending count if the original is new to this operation. */
    public void add(ChainSlice slice) {
        add(slice.original(), slice.originalOffsetBytes(), slice.lengthBytes());
        fragment[entries - 1] = slice.fragment();
        fragmentOffset[entries - 1] = slice.fragmentOffsetBytes();
    }

    /** Appends an original of an op without data: {@code bytes} of it, the first at {@code atBytes} in it. */
    public void add(Kiobuf added, long atBytes, long bytes) {
        if (entries == 0 || original[entries - 1] != added) {
            added.beginSlice();
        }
        append(added, atBytes, bytes);
    }

    private void append(Kiobuf added, long atBytes, long bytes) {
        if (entries == original.length) {
            int grown = entries * GROWTH;
            original = Arrays.copyOf(original, grown);
            fragment = Arrays.copyOf(fragment, grown);
            fragmentOffset = Arrays.copyOf(fragmentOffset, grown);
            originalOffset = Arrays.copyOf(originalOffset, grown);
            entryLength = Arrays.copyOf(entryLength, grown);
        }
        original[entries] = added;
        fragment[entries] = null;
        originalOffset[entries] = atBytes;
        entryLength[entries] = bytes;
        lengthBytes += bytes;
        entries++;
    }

    /**
     * The entries {@code [firstEntry, endEntry)} as an operation of their own, without their first {@code skipBytes}. It inherits
     * this operation's shares in the originals' pending counts: end the originals through one of the two, not both.
     */
    public MemberOp part(int firstEntry, int endEntry, long skipBytes) {
        long startBytes = 0;
        long partBytes = 0;
        for (int i = 0; i < endEntry; i++) {
            if (i < firstEntry) {
                startBytes += entryLength[i];
            } else {
                partBytes += entryLength[i];
            }
        }
        return slice(startBytes + skipBytes, partBytes - skipBytes, listener);
    }

    /**
     * {@code newLengthBytes} bytes of this operation, the first at {@code skipBytes}, as one that tells {@code newListener} of its
     * end: what a store that wraps another sends on in place of this one. The originals still end through this one.
     */
    public MemberOp slice(long skipBytes, long newLengthBytes, Listener newListener) {
        if (!ByteRange.fits(skipBytes, newLengthBytes, lengthBytes)) {
            throw new IllegalArgumentException(
                    "no such slice: skipBytes=" + skipBytes + " lengthBytes=" + newLengthBytes + " of " + this);
        }
        MemberOp slice = new MemberOp(op, flags, member, offsetBytes + skipBytes, newListener);
        long endBytes = skipBytes + newLengthBytes;
        long entryStart = 0;
        for (int i = 0; i < entries; i++) {
            long from = Math.max(skipBytes, entryStart);
            long to = Math.min(endBytes, entryStart + entryLength[i]);
            // A FLUSH has originals but no bytes; elsewhere an entry without a byte in the slice stays out of it.
            if (from < to || lengthBytes == 0) {
                slice.append(original[i], originalOffset[i] + from - entryStart, to - from);
                slice.fragment[slice.entries - 1] = fragment[i];
                slice.fragmentOffset[slice.entries - 1] = fragmentOffset[i] + (int) (from - entryStart);
            }
            entryStart += entryLength[i];
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

    /** First byte, in the member's data area. */
    public long offsetBytes() {
        return offsetBytes;
    }

    public long lengthBytes() {
        return lengthBytes;
    }

    public int entries() {
        return entries;
    }

    /** The original entry {@code index} belongs to. Entries of one original stand together. */
    public Kiobuf original(int index) {
        return original[index];
    }

    /** Where entry {@code index} begins inside its original. */
    public long originalOffsetBytes(int index) {
        return originalOffset[index];
    }

    public long entryLengthBytes(int index) {
        return entryLength[index];
    }

    /** The memory of entry {@code index}, borrowed; READ and WRITE only. */
    public ByteBuf memory(int index) {
        return fragmentAt(index).memory();
    }

    /** Where the bytes of entry {@code index} stand, if not in memory from the beginning; the first at {@link #memoryOffsetBytes}. Borrowed. */
    public @Nullable PipedPayload piped(int index) {
        return fragmentAt(index).piped();
    }

    /** Whether any entry's bytes stand in pipes, and not in memory yet. */
    public boolean isPiped() {
        return anyPiped(piped -> !piped.isInMemory());
    }

    /**
     * Whether the loop had better leave this to a thread: any entry's bytes stand in pipes and came slowly ({@link
     * PipedPayload#cameSlowly}), or a thread has begun with what stands beside them.
     */
    public boolean isForThread() {
        return anyPiped(piped -> piped.isHandedOver() || piped.cameSlowly());
    }

    /** Whether a thread has begun with what stands in the same pipes ({@link PipedPayload#handOver}). */
    public boolean isHandedOver() {
        return anyPiped(PipedPayload::isHandedOver);
    }

    private boolean anyPiped(Predicate<PipedPayload> is) {
        for (int i = 0; i < entries; i++) {
            PipedPayload piped = piped(i);
            if (piped != null && is.test(piped)) {
                return true;
            }
        }
        return false;
    }

    /** A thread will drain the pipes in which its bytes stand. */
    public void handOver() {
        for (int i = 0; i < entries; i++) {
            PipedPayload piped = piped(i);
            if (piped != null) {
                piped.handOver();
            }
        }
    }

    /** Absolute index in {@link #memory} of the entry's first byte. */
    public int memoryOffsetBytes(int index) {
        return fragmentAt(index).offsetBytes() + fragmentOffset[index];
    }

    private Fragment fragmentAt(int index) {
        Fragment found = fragment[index];
        if (found == null) {
            throw new IllegalStateException(op + " has no memory");
        }
        return found;
    }

    /** Whether every original of this READ understands the kind of piece that {@code pieceBit} names. */
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
            long to = Math.min(pieceEnd, entryStart + entryLength[i]);
            if (from < to) {
                original[i].place(originalOffset[i] + from - entryStart, piece.slice(from - atBytes, to - from));
            }
            entryStart += entryLength[i];
        }
    }

    /** Notes when it was sent, for the age counters. */
    public void started(long nanos) {
        startedNanos = nanos;
    }

    public long startedNanos() {
        return startedNanos;
    }

    /**
     * Ends the operation; once, on the loop.
     *
     * @param newDoneBytes bytes from the start that are known to be good; all of them where {@code newError} is null
     * @param newError why the rest is not; null for success
     */
    public void complete(long newDoneBytes, @Nullable IoError newError) {
        if (ended) {
            throw new IllegalStateException("member operation ended twice: " + this);
        }
        ended = true;
        doneBytes = newError == null ? lengthBytes : Math.min(newDoneBytes, lengthBytes);
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

    @Override
    public String toString() {
        return op + " member=" + member + " [" + offsetBytes + "," + (offsetBytes + lengthBytes) + ") entries="
                + entries;
    }
}
