package org.kiobd.volume.queue;

import io.netty.util.collection.LongObjectHashMap;
import io.netty.util.collection.LongObjectMap;
import java.util.EnumMap;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.kiobuf.Kiobuf;
import org.kiobd.volume.kiobuf.KiobufChain;
import org.kiobd.volume.kiobuf.Op;

/**
 * The chains that have not been issued yet, oldest first, and the search for a neighbour among them. Only exact adjacency merges, so
 * two hash look-ups, by where a chain begins and by where it ends, find every neighbour in O(1): back merges, front merges, and the
 * request that bridges two chains. Confined to one loop.
 *
 * <p>The chain that changed last is kept out of the index, so a sequential stream costs no hashing at all.
 */
final class MergeWindow {

    /** What decides, chain by chain, whether it leaves the window. */
    @FunctionalInterface
    interface Taker {
        /** Takes the chain, or returns false and leaves it. */
        boolean take(KiobufChain chain);
    }

    /** A chain's place in the window. */
    private static final class Slot {
        KiobufChain chain;
        boolean indexed;

        @Nullable
        Slot older;

        @Nullable
        Slot newer;

        Slot(KiobufChain chain) {
            this.chain = chain;
        }
    }

    /** Where the chains of one op begin and end. Of two chains that begin (or end) at the same byte, the first stands here. */
    private static final class Index {
        private static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L;

        final LongObjectMap<Slot> byStart = new LongObjectHashMap<>();
        final LongObjectMap<Slot> byEnd = new LongObjectHashMap<>();

        @Nullable
        Slot startingAt(long offsetBytes) {
            return byStart.get(key(offsetBytes));
        }

        @Nullable
        Slot endingAt(long offsetBytes) {
            return byEnd.get(key(offsetBytes));
        }

        void add(Slot slot) {
            slot.indexed = true;
            byStart.putIfAbsent(key(slot.chain.offsetBytes()), slot);
            byEnd.putIfAbsent(key(slot.chain.endBytes()), slot);
        }

        void remove(Slot slot) {
            remove(slot, slot.chain.offsetBytes(), slot.chain.endBytes());
        }

        void remove(Slot slot, long startBytes, long endBytes) {
            if (!slot.indexed) {
                return;
            }
            slot.indexed = false;
            removeIfSame(byStart, key(startBytes), slot);
            removeIfSame(byEnd, key(endBytes), slot);
        }

        private static void removeIfSame(LongObjectMap<Slot> map, long key, Slot slot) {
            if (map.get(key) == slot) {
                map.remove(key);
            }
        }

        /** Offsets are multiples of 4096 or so: without mixing, all of them would fall into the map's first slots. */
        private static long key(long offsetBytes) {
            return offsetBytes * GOLDEN_RATIO;
        }
    }

    private final MergeLimits limits;
    private final EnumMap<Op, Index> indexes = new EnumMap<>(Op.class);
    private @Nullable Slot oldest;
    private @Nullable Slot newest;
    private @Nullable Slot last;
    private int chains;

    MergeWindow(MergeLimits limits) {
        this.limits = limits;
        for (Op op : Op.values()) {
            indexes.put(op, new Index());
        }
    }

    private Index index(Op op) {
        return Objects.requireNonNull(indexes.get(op));
    }

    /** Number of chains. */
    int chains() {
        return chains;
    }

    /** Puts a request in, merged with its neighbours where rules and limits allow. Takes it. */
    void add(Kiobuf request) {
        KiobufChain added = KiobufChain.of(request);
        if (!request.isMergeable() || limits.maxOriginalsPerChain() == 1) {
            append(new Slot(added));
            return;
        }
        Index index = index(request.op());
        Slot before = last != null && mayJoin(last.chain, added) ? last : index.endingAt(request.offsetBytes());
        if (before != null && mayJoin(before.chain, added)) {
            makeLast(before);
            before.chain.join(added);
            joinFollower(before);
            return;
        }
        Slot after = last != null && mayJoin(added, last.chain) ? last : index.startingAt(request.endBytes());
        if (after != null && mayJoin(added, after.chain)) {
            makeLast(after);
            added.join(after.chain);
            after.chain = added;
            return;
        }
        Slot slot = new Slot(added);
        append(slot);
        makeLast(slot);
    }

    /** Puts a request in that nothing may join. Takes it. */
    void addClosed(Kiobuf request) {
        append(new Slot(KiobufChain.of(request)));
    }

    private boolean mayJoin(KiobufChain before, KiobufChain after) {
        return before.precedes(after)
                && before.originals() + after.originals() <= limits.maxOriginalsPerChain()
                && before.lengthBytes() + after.lengthBytes() <= limits.maxChainBytes();
    }

    /** A back merge may have closed the gap to the next chain: the request was a bridge. */
    private void joinFollower(Slot grown) {
        Index index = index(grown.chain.op());
        if (index.byStart.isEmpty()) {
            return;
        }
        Slot after = index.startingAt(grown.chain.endBytes());
        if (after != null && mayJoin(grown.chain, after.chain)) {
            index.remove(after);
            grown.chain.join(after.chain);
            unlink(after);
        }
    }

    private void makeLast(Slot slot) {
        if (last == slot) {
            return;
        }
        index(slot.chain.op()).remove(slot);
        if (last != null) {
            index(last.chain.op()).add(last);
        }
        last = slot;
    }

    private void append(Slot slot) {
        slot.older = newest;
        if (newest == null) {
            oldest = slot;
        } else {
            newest.newer = slot;
        }
        newest = slot;
        chains++;
    }

    private void unlink(Slot slot) {
        if (slot.older == null) {
            oldest = slot.newer;
        } else {
            slot.older.newer = slot.newer;
        }
        if (slot.newer == null) {
            newest = slot.older;
        } else {
            slot.newer.older = slot.older;
        }
        if (last == slot) {
            last = null;
        }
        chains--;
    }

    /** Nothing that comes later merges with what is here now: a FLUSH draws this line. */
    void close() {
        for (Slot slot = oldest; slot != null; slot = slot.newer) {
            index(slot.chain.op()).remove(slot);
        }
        last = null;
    }

    /** Offers every chain to {@code taker}, oldest first. The taker must not add to the window. */
    void drain(Taker taker) {
        Slot slot = oldest;
        while (slot != null) {
            // Read before the chain is given away: its originals may be gone when the taker returns.
            Slot newer = slot.newer;
            KiobufChain chain = slot.chain;
            long startBytes = chain.offsetBytes();
            long endBytes = chain.endBytes();
            if (taker.take(chain)) {
                index(chain.op()).remove(slot, startBytes, endBytes);
                unlink(slot);
            }
            slot = newer;
        }
    }
}
