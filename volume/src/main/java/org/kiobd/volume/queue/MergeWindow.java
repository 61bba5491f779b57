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

    /** What decides, chain by chain, whether it leaves the window, and has it then. */
    interface ChainConsumer {
        /** Whether the chain shall leave; changes neither the chain nor the window. */
        boolean wants(KiobufChain chain);

        /** Takes the chain, which has left the window: what happens meanwhile may add to the window and drain it. */
        void take(KiobufChain chain);
    }

    /** A chain's place in the window. Used again when no drain can come across it any more. */
    private static final class Slot {
        long arrival;
        KiobufChain chain;
        boolean indexed;
        boolean gone;

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
            putIfAbsent(byStart, key(slot.chain.offsetBytes()), slot);
            putIfAbsent(byEnd, key(slot.chain.endBytes()), slot);
        }

        /** The map's own method of that name makes an object of the key: once a request, as an allocation profile showed. */
        private static void putIfAbsent(LongObjectMap<Slot> map, long key, Slot slot) {
            if (!map.containsKey(key)) {
                map.put(key, slot);
            }
        }

        void remove(Slot slot) {
            if (!slot.indexed) {
                return;
            }
            slot.indexed = false;
            removeIfSame(byStart, key(slot.chain.offsetBytes()), slot);
            removeIfSame(byEnd, key(slot.chain.endBytes()), slot);
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
    private @Nullable Slot free;
    private @Nullable Slot gone;
    private int walks;
    private int chains;
    private long arrivals;

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
            append(added);
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
        makeLast(append(added));
    }

    /** Puts a request in that nothing may join. Takes it. */
    void addClosed(Kiobuf request) {
        append(KiobufChain.of(request));
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
            // The joined chain has the place of the older of the two: nobody is set back by being merged.
            if (after.arrival < grown.arrival) {
                after.chain = grown.chain;
                unlink(grown);
                last = after;
            } else {
                unlink(after);
            }
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

    private Slot slotFor(KiobufChain chain) {
        Slot slot = free;
        if (slot == null) {
            return new Slot(chain);
        }
        free = slot.newer;
        slot.newer = null;
        slot.chain = chain;
        slot.gone = false;
        return slot;
    }

    private Slot append(KiobufChain chain) {
        Slot slot = slotFor(chain);
        slot.arrival = arrivals++;
        slot.older = newest;
        if (newest == null) {
            oldest = slot;
        } else {
            newest.newer = slot;
        }
        newest = slot;
        chains++;
        return slot;
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
        slot.gone = true;
        slot.older = gone;
        gone = slot;
        chains--;
    }

    /** What has gone is free when nobody walks the window. */
    private void collectGone() {
        while (gone != null) {
            Slot slot = gone;
            gone = slot.older;
            slot.older = null;
            slot.newer = free;
            free = slot;
        }
    }

    /** Nothing that comes later merges with what is here now: a FLUSH draws this line. */
    void close() {
        for (Slot slot = oldest; slot != null; slot = slot.newer) {
            index(slot.chain.op()).remove(slot);
        }
        last = null;
    }

    /** Offers every chain to {@code taker}, oldest first. */
    void drain(ChainConsumer taker) {
        walks++;
        try {
            walk(taker);
        } finally {
            walks--;
        }
        if (walks == 0) {
            collectGone();
        }
    }

    private void walk(ChainConsumer taker) {
        Slot slot = oldest;
        while (slot != null) {
            // A slot that has gone still says what was behind it; that may have gone since, too.
            if (!slot.gone && taker.wants(slot.chain)) {
                // Out before it is given away: completions that run meanwhile may bring its neighbours, and what is
                // issued must not grow.
                index(slot.chain.op()).remove(slot);
                unlink(slot);
                taker.take(slot.chain);
            }
            slot = slot.newer;
        }
    }
}
