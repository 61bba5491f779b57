package org.kiobd.volume.kiobuf;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.IoError;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.loop.IoLoop;

/**
 * One request: what is asked of which range, the memory it reads into or writes from, and its own completion. It keeps its identity
 * through merging and splitting: whatever chain it joins and however many members it touches, it ends on its own, exactly once, as
 * soon as its own bytes are done.
 *
 * <p>Its vector of {@link Fragment}s never changes once it is plugged; positions live in cursors. Made and owned by the loop it
 * completes on: no method is for another thread, except {@link #complete}, inherited.
 *
 * <p>Two counters. <em>Pending</em> counts the slices under way, plus one for the submitter, so that slices that finish at once
 * cannot end a request that is still being split. <em>References</em> count who needs its memory: one that is dropped behind the
 * last notifier, and one for each {@link #retain()}.
 */
public final class Kiobuf extends Completion {
    /** The mutation must be durable when it completes (NBD_CMD_FLAG_FUA). */
    public static final int FUA = 1;

    /** WRITE_ZEROES must leave the range allocated (NBD_CMD_FLAG_NO_HOLE). */
    public static final int NO_HOLE = 2;

    /** WRITE_ZEROES must fail with {@link IoError#NOT_SUPPORTED} where it would be no faster than writing. */
    public static final int FAST_ZERO = 4;

    private static final Fragment[] NO_FRAGMENTS = new Fragment[0];

    /** A longer vector is not kept for the next request. */
    private static final int FRAGMENTS_KEPT = 8;

    private static final long NO_FAILURE = Long.MAX_VALUE;
    private static final int ERROR_BITS = 4;

    /** Positions beyond, which only a range operation on an exbibyte has, count as this one. */
    private static final long MAX_FAILURE_BYTES = (NO_FAILURE >> ERROR_BITS) - 1;

    private final @Nullable KiobufPool pool;
    private @Nullable KiobufChain alone;
    private Op op;
    private long offsetBytes;
    private long lengthBytes;
    private int flags;
    private int acceptedPieces;
    private @Nullable Object owner;
    private long cookie;
    private long arrivedNanos;
    private Fragment[] fragments = NO_FRAGMENTS;
    private int fragmentCount;
    private long memoryBytes;

    private @Nullable Kiobuf next;
    private int pending = 1;
    private int references = 1;
    private long firstFailure = NO_FAILURE;
    private @Nullable List<PlacedPiece> placedPieces;

    private record PlacedPiece(long atBytes, ReadPiece piece) {}

    /**
     * A request without memory yet.
     *
     * @param loop where it lives and completes
     * @param offsetBytes first byte on the device; 0 for FLUSH
     * @param lengthBytes number of bytes; 0 for FLUSH
     */
    public Kiobuf(IoLoop loop, Op op, long offsetBytes, long lengthBytes) {
        this(loop, op, offsetBytes, lengthBytes, null);
    }

    /** @param pool where it goes when it is not used any more */
    Kiobuf(IoLoop loop, Op op, long offsetBytes, long lengthBytes, @Nullable KiobufPool pool) {
        super(loop);
        requireRange(offsetBytes, lengthBytes);
        this.pool = pool;
        this.op = op;
        this.offsetBytes = offsetBytes;
        this.lengthBytes = lengthBytes;
    }

    private static void requireRange(long offsetBytes, long lengthBytes) {
        if (!ByteRange.isValid(offsetBytes, lengthBytes)) {
            throw new IllegalArgumentException(
                    "no such range: offsetBytes=" + offsetBytes + " lengthBytes=" + lengthBytes);
        }
    }

    /** Begins anew, as another request of the same loop. */
    void begin(Op newOp, long newOffsetBytes, long newLengthBytes) {
        requireRange(newOffsetBytes, newLengthBytes);
        reopen();
        op = newOp;
        offsetBytes = newOffsetBytes;
        lengthBytes = newLengthBytes;
        flags = 0;
        acceptedPieces = 0;
        pending = 1;
        references = 1;
        firstFailure = NO_FAILURE;
        memoryBytes = 0;
    }

    /** The chain that has this request and no other; there is one at a time. */
    KiobufChain alone() {
        if (alone == null) {
            alone = new KiobufChain(this);
        } else {
            alone.begin(this);
        }
        return alone;
    }

    /** Sets {@link #FUA}, {@link #NO_HOLE} and {@link #FAST_ZERO}; before plugging. */
    public Kiobuf flags(int newFlags) {
        flags = newFlags;
        return this;
    }

    /** Says which pieces besides memory the requester of a READ understands: bits of {@link ReadPiece}; before plugging. */
    public Kiobuf accept(int pieceBits) {
        acceptedPieces = pieceBits;
        return this;
    }

    /** Names who the request is for, so that what has not been issued can be dropped when they go away; before plugging. */
    public Kiobuf owner(Object newOwner) {
        owner = newOwner;
        return this;
    }

    /** A number of the requester's own, which nobody else looks at: with it, one notifier serves all of a requester's requests. */
    public Kiobuf cookie(long newCookie) {
        cookie = newCookie;
        return this;
    }

    /** Notes when it came in, by the requester's clock, for the requester's figures; before plugging. */
    public Kiobuf arrived(long nanos) {
        arrivedNanos = nanos;
        return this;
    }

    public long arrivedNanos() {
        return arrivedNanos;
    }

    /** Adds the next piece of memory; before plugging. Takes the fragment, and with it one reference on its memory. */
    public Kiobuf add(Fragment fragment) {
        if (fragmentCount == fragments.length) {
            fragments = Arrays.copyOf(fragments, fragmentCount == 0 ? 1 : fragmentCount * 2);
        }
        fragments[fragmentCount++] = fragment;
        memoryBytes += fragment.lengthBytes();
        return this;
    }

    /** Whether memory and length agree: as much as the length for READ and WRITE, none for the others. */
    public boolean isComplete() {
        return memoryBytes == (op.carriesData() ? lengthBytes : 0);
    }

    public Op op() {
        return op;
    }

    public long offsetBytes() {
        return offsetBytes;
    }

    public long lengthBytes() {
        return lengthBytes;
    }

    /** The first byte behind the range. */
    public long endBytes() {
        return offsetBytes + lengthBytes;
    }

    public int flags() {
        return flags;
    }

    public boolean has(int flag) {
        return (flags & flag) != 0;
    }

    public int acceptedPieces() {
        return acceptedPieces;
    }

    public @Nullable Object owner() {
        return owner;
    }

    public long cookie() {
        return cookie;
    }

    public int fragmentCount() {
        return fragmentCount;
    }

    /** Borrows the fragment with this index. */
    public Fragment fragment(int index) {
        return fragments[index];
    }

    /** Whether it may share a chain with its neighbours: its op merges, it has no flag, it covers at least a byte. */
    public boolean isMergeable() {
        return op.mergeable() && flags == 0 && lengthBytes > 0;
    }

    /** The next original of its chain. Belongs to the dispatcher until the chain is issued; nobody walks it afterwards. */
    public @Nullable Kiobuf next() {
        return next;
    }

    void next(@Nullable Kiobuf newNext) {
        next = newNext;
    }

    /** Takes it out of its chain, which is given up; the dispatcher does this to requests it sorts anew. */
    public Kiobuf unlinked() {
        next = null;
        return this;
    }

    /** One more slice of this request gets under way. */
    public void beginSlice() {
        pending++;
    }

    /** A slice ended well. */
    public void endSlice() {
        dropPending();
    }

    /**
     * A slice failed.
     *
     * @param atBytes first byte not known to be good, relative to this request
     */
    public void endSlice(long atBytes, IoError error) {
        charge(atBytes, error);
        dropPending();
    }

    /** Notes a failure without ending anything. The failure at the lowest byte decides, whatever the order they come in. */
    public void charge(long atBytes, IoError error) {
        firstFailure = Math.min(firstFailure, Math.min(atBytes, MAX_FAILURE_BYTES) << ERROR_BITS | error.code());
    }

    /** Every slice is under way: drops the submitter's hold. Afterwards the submitter must not touch the request. */
    public void submitted() {
        dropPending();
    }

    private void dropPending() {
        if (pending == 0) {
            throw new IllegalStateException("more slices ended than began: " + this);
        }
        if (--pending == 0) {
            complete(failure());
        }
    }

    /** The failure charged so far; null if there is none. */
    public @Nullable IoError failure() {
        return firstFailure == NO_FAILURE ? null : IoError.ofCode((int) (firstFailure & ((1 << ERROR_BITS) - 1)));
    }

    /** Where the deciding failure lies, relative to this request; -1 if there is none. */
    public long failedAtBytes() {
        return firstFailure == NO_FAILURE ? -1 : firstFailure >> ERROR_BITS;
    }

    /** A store answers part of a READ with something other than this request's memory; {@link #acceptedPieces()} allows it. */
    public void place(long atBytes, ReadPiece piece) {
        if (placedPieces == null) {
            placedPieces = new ArrayList<>();
        }
        placedPieces.add(new PlacedPiece(atBytes, piece));
    }

    /**
     * The answer to a READ that succeeded: ordered pieces that cover the range, no two holes next to each other. Borrowed; valid while a
     * reference is held.
     */
    public List<ReadPiece> pieces() {
        List<ReadPiece> pieces = new ArrayList<>();
        long atBytes = 0;
        if (placedPieces != null) {
            placedPieces.sort(Comparator.comparingLong(PlacedPiece::atBytes));
            for (PlacedPiece placed : placedPieces) {
                // Where an operation was sent again, the same bytes may have been answered twice.
                long answeredBytes = Math.max(0, atBytes - placed.atBytes);
                long restBytes = placed.piece.lengthBytes() - answeredBytes;
                if (restBytes > 0) {
                    addMemory(pieces, atBytes, placed.atBytes);
                    addPlaced(pieces, placed.piece.slice(answeredBytes, restBytes));
                    atBytes = placed.atBytes + placed.piece.lengthBytes();
                }
            }
        }
        addMemory(pieces, atBytes, lengthBytes);
        return pieces;
    }

    /** A hole over several members was told by each, a chunk at a time: it is one again. */
    private static void addPlaced(List<ReadPiece> pieces, ReadPiece piece) {
        int last = pieces.size() - 1;
        if (last >= 0 && piece instanceof ReadPiece.Hole && pieces.get(last) instanceof ReadPiece.Hole before) {
            pieces.set(last, new ReadPiece.Hole(before.lengthBytes() + piece.lengthBytes()));
        } else {
            pieces.add(piece);
        }
    }

    /** Whether every byte of the answer is in this request's own memory. */
    public boolean isAllMemory() {
        return placedPieces == null;
    }

    private void addMemory(List<ReadPiece> pieces, long fromBytes, long toBytes) {
        long startBytes = 0;
        for (int i = 0; i < fragmentCount && startBytes < toBytes; i++) {
            long endBytes = startBytes + fragments[i].lengthBytes();
            long from = Math.max(fromBytes, startBytes);
            long to = Math.min(toBytes, endBytes);
            if (from < to) {
                pieces.add(new ReadPiece.Memory(fragments[i].slice((int) (from - startBytes), (int) (to - from))));
            }
            startBytes = endBytes;
        }
    }

    /** Keeps the memory beyond the notifiers, until {@link #release()}. */
    public Kiobuf retain() {
        if (references == 0) {
            throw new IllegalStateException("released already: " + this);
        }
        references++;
        return this;
    }

    /** Gives a reference back; the last one gives the memory back. */
    public void release() {
        if (references == 0) {
            throw new IllegalStateException("released too often: " + this);
        }
        if (--references == 0) {
            forget();
            if (pool != null) {
                pool.giveBack(this);
            }
        }
    }

    private void forget() {
        for (int i = 0; i < fragmentCount; i++) {
            fragments[i].release();
        }
        if (pool == null || fragmentCount > FRAGMENTS_KEPT) {
            fragments = NO_FRAGMENTS;
        } else {
            Arrays.fill(fragments, 0, fragmentCount, null);
        }
        fragmentCount = 0;
        next = null;
        owner = null;
        placedPieces = null;
    }

    @Override
    protected void afterNotifiers() {
        release();
    }

    @Override
    public String toString() {
        return op + "[" + offsetBytes + "," + endBytes() + ")" + (has(FUA) ? " FUA" : "");
    }
}
