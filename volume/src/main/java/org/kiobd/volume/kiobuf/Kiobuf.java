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
 * One request: its op and range, the memory it reads into or writes from, and its own completion. A request keeps its identity through
 * merging and splitting: whatever chain it joins and however many members it touches, it ends independently, exactly once, as soon as
 * its own bytes are done.
 *
 * <p>Its vector of {@link Fragment}s does not change after the request is plugged; positions are in cursors. The loop on which the request
 * completes creates and owns it: no other thread may call a method, except the inherited {@link #complete} and {@link #resume}.
 *
 * <p>A request has two counters. <em>Pending</em> counts the slices in flight, plus one for the submitter, so that slices that finish at
 * once cannot end a request that is still being split. <em>References</em> counts the users of its memory: one reference is dropped after
 * the last notifier, and there is one for each {@link #retain()}.
 */
public final class Kiobuf extends Completion {
    /** The mutation must be durable when it completes (NBD_CMD_FLAG_FUA). */
    public static final int FUA = 1;

    /** WRITE_ZEROES must leave the range allocated (NBD_CMD_FLAG_NO_HOLE). */
    public static final int NO_HOLE = 2;

    /** WRITE_ZEROES must fail with {@link IoError#NOT_SUPPORTED} where it would be no faster than writing. */
    public static final int FAST_ZERO = 4;

    private static final Fragment[] NO_FRAGMENTS = new Fragment[0];

    /** A vector with more fragments is not kept for reuse. */
    private static final int FRAGMENTS_KEPT = 8;

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
    private @Nullable IoError failure;
    private long failedAtBytes;
    private @Nullable List<PlacedPiece> placedPieces;

    private record PlacedPiece(long atBytes, ReadPiece piece) {}

    /**
     * Creates a request without memory.
     *
     * @param loop the loop that owns the request and on which it completes
     * @param offsetBytes first byte on the device; 0 for FLUSH
     * @param lengthBytes number of bytes; 0 for FLUSH
     */
    public Kiobuf(IoLoop loop, Op op, long offsetBytes, long lengthBytes) {
        this(loop, op, offsetBytes, lengthBytes, null);
    }

    /** @param pool the pool that the request returns to after its last reference is dropped; null if there is none */
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

    /** Resets this kiobuf for reuse as another request of the same loop. */
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
        failure = null;
        memoryBytes = 0;
    }

    /** Returns a chain of this request alone. Each call reuses the same chain object, which makes an earlier chain invalid. */
    KiobufChain alone() {
        if (alone == null) {
            alone = new KiobufChain(this);
        } else {
            alone.begin(this);
        }
        return alone;
    }

    /** Sets the flags: {@link #FUA}, {@link #NO_HOLE} and {@link #FAST_ZERO}. Called before plugging. */
    public Kiobuf flags(int newFlags) {
        flags = newFlags;
        return this;
    }

    /** Sets the kinds of pieces other than memory that the requester of a READ accepts: bits of {@link ReadPiece}. Before plugging. */
    public Kiobuf accept(int pieceBits) {
        acceptedPieces = pieceBits;
        return this;
    }

    /** Sets the owner of the request; when an owner goes away, its unissued requests can be dropped. Called before plugging. */
    public Kiobuf owner(Object newOwner) {
        owner = newOwner;
        return this;
    }

    /** Sets a number that only the requester uses; it allows one notifier to serve all requests of the requester. */
    public Kiobuf cookie(long newCookie) {
        cookie = newCookie;
        return this;
    }

    /** Sets the time of arrival by the requester's clock, for the requester's statistics. Called before plugging. */
    public Kiobuf arrived(long nanos) {
        arrivedNanos = nanos;
        return this;
    }

    public long arrivedNanos() {
        return arrivedNanos;
    }

    /** Appends a fragment of memory. Called before plugging. Takes the fragment, and with it one reference on its memory. */
    public Kiobuf add(Fragment fragment) {
        if (fragmentCount == fragments.length) {
            fragments = Arrays.copyOf(fragments, fragmentCount == 0 ? 1 : fragmentCount * 2);
        }
        fragments[fragmentCount++] = fragment;
        memoryBytes += fragment.lengthBytes();
        return this;
    }

    /** Returns whether memory and length agree: READ and WRITE have as much memory as their length, other ops have none. */
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

    /** Returns the offset of the first byte after the range. */
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

    /** Returns whether the request may share a chain with its neighbors: its op is mergeable, it has no flag and is not empty. */
    public boolean isMergeable() {
        return op.mergeable() && flags == 0 && lengthBytes > 0;
    }

    /** Returns the next original in the chain. The holder of the chain may follow the link until it has issued the chain. */
    public @Nullable Kiobuf next() {
        return next;
    }

    void next(@Nullable Kiobuf newNext) {
        next = newNext;
    }

    /** Removes this request from its chain, which becomes invalid; used when a chain is broken up into its requests. */
    public Kiobuf unlinked() {
        next = null;
        return this;
    }

    /** Counts one more slice of this request as in flight. */
    public void beginSlice() {
        pending++;
    }

    /** Ends a slice that succeeded. */
    public void endSlice() {
        dropPending();
    }

    /**
     * Ends a slice that failed.
     *
     * @param atBytes first byte not known to be good, relative to this request
     */
    public void endSlice(long atBytes, IoError error) {
        charge(atBytes, error);
        dropPending();
    }

    /**
     * Records a failure without ending a slice. The failure at the lowest byte wins, and of several at that byte the one with the lowest
     * {@linkplain IoError#code() code}, in whatever order the failures are recorded.
     */
    public void charge(long atBytes, IoError error) {
        if (failure == null || atBytes < failedAtBytes || (atBytes == failedAtBytes && error.code() < failure.code())) {
            failure = error;
            failedAtBytes = atBytes;
        }
    }

    /** Drops the submitter's hold after all slices have begun. Afterwards the submitter must not touch the request. */
    public void submitted() {
        dropPending();
    }

    private void dropPending() {
        if (pending == 0) {
            throw new IllegalStateException("more slices ended than began: " + this);
        }
        if (--pending == 0) {
            complete(failure);
        }
    }

    /** Returns the winning failure recorded so far; null if there is none. */
    public @Nullable IoError failure() {
        return failure;
    }

    /** Returns the position of the winning failure, relative to this request; -1 if there is none. */
    public long failedAtBytes() {
        return failure == null ? -1 : failedAtBytes;
    }

    /**
     * Answers a part of this READ, from {@code atBytes} on, with a piece instead of this request's memory. The store has checked that
     * {@link #acceptedPieces()} allows the piece.
     */
    public void place(long atBytes, ReadPiece piece) {
        if (placedPieces == null) {
            placedPieces = new ArrayList<>();
        }
        placedPieces.add(new PlacedPiece(atBytes, piece));
    }

    /**
     * Returns the answer to a READ that succeeded: ordered pieces that cover the range, without adjacent holes. Borrowed; valid while the
     * caller holds a reference.
     */
    public List<ReadPiece> pieces() {
        List<ReadPiece> pieces = new ArrayList<>();
        long atBytes = 0;
        if (placedPieces != null) {
            placedPieces.sort(Comparator.comparingLong(PlacedPiece::atBytes));
            for (PlacedPiece placed : placedPieces) {
                // A reissued operation may have answered the same bytes a second time.
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

    /** Appends a piece; joins adjacent holes, because each member reports its chunks of a larger hole separately. */
    private static void addPlaced(List<ReadPiece> pieces, ReadPiece piece) {
        int last = pieces.size() - 1;
        if (last >= 0 && piece instanceof ReadPiece.Hole && pieces.get(last) instanceof ReadPiece.Hole before) {
            pieces.set(last, new ReadPiece.Hole(before.lengthBytes() + piece.lengthBytes()));
        } else {
            pieces.add(piece);
        }
    }

    /** Returns whether every byte of the answer is in this request's own memory. */
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

    /** Adds a reference, which keeps the memory until {@link #release()}, also after the notifiers have run. */
    public Kiobuf retain() {
        if (references == 0) {
            throw new IllegalStateException("released already: " + this);
        }
        references++;
        return this;
    }

    /** Drops a reference. The last one releases the memory and returns this kiobuf to its pool. */
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
