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
 * Holds the chains that have not been issued yet, oldest first, and merges new requests with them. Only exactly adjacent chains merge, so
 * two hash lookups, by the start and by the end of a chain, find every neighbor in O(1): for back merges, for front merges, and for a
 * request that bridges two chains. Owned by a {@link RequestQueue} and confined to its loop.
 *
 * <p>The chain that changed last is not in the index, so a single sequential stream needs no hashing.
 */
final class MergeWindow {

    /** Decides for each chain whether it leaves the window, and takes the chains that leave. */
    interface ChainConsumer {
        /** Returns whether the chain shall leave the window; changes neither the chain nor the window. */
        boolean wants(KiobufChain chain);

        /** Takes the chain, which has left the window. During this call requests may be added to the window and the window drained. */
        void take(KiobufChain chain);
    }

    /** The place of a chain in the window. Reused as soon as no drain can reach it any more. */
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

    /** Finds the chains of one op by start and by end. Of two chains with the same start (or end), it holds the one added first. */
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

        /** Avoids the map's own putIfAbsent, which boxes the key: an allocation profile showed one object per request. */
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

        /** Mixes the bits of an offset: most offsets are multiples of 4096, and unmixed they would share a few slots of the map. */
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

    /** Returns the number of chains. */
    int chains() {
        return chains;
    }

    /** Adds a request, and merges it with its neighbors if rules and limits allow. Takes the request. */
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

    /** Adds a request that no other request may join. Takes the request. */
    void addClosed(Kiobuf request) {
        append(KiobufChain.of(request));
    }

    private boolean mayJoin(KiobufChain before, KiobufChain after) {
        return before.precedes(after)
                && before.originals() + after.originals() <= limits.maxOriginalsPerChain()
                && before.lengthBytes() + after.lengthBytes() <= limits.maxChainBytes();
    }

    /** Joins the next chain after a back merge if the new request has closed the gap to it. */
    private void joinFollower(Slot grown) {
        Index index = index(grown.chain.op());
        if (index.byStart.isEmpty()) {
            return;
        }
        Slot after = index.startingAt(grown.chain.endBytes());
        if (after != null && mayJoin(grown.chain, after.chain)) {
            index.remove(after);
            grown.chain.join(after.chain);
            // The joined chain takes the place of the older one, so that merging delays no request.
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

    /** Frees the slots whose chains have left; called only when no drain is running. */
    private void collectGone() {
        while (gone != null) {
            Slot slot = gone;
            gone = slot.older;
            slot.older = null;
            slot.newer = free;
            free = slot;
        }
    }

    /** Closes all present chains: no later request merges with them. Called when a FLUSH arrives. */
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
            // A slot whose chain has left still links to the next slot, whose chain may have left meanwhile, too.
            if (!slot.gone && taker.wants(slot.chain)) {
                // Remove the chain before take(): completions that run there may add neighbors, and an issued chain
                // must not grow.
                index(slot.chain.op()).remove(slot);
                unlink(slot);
                taker.take(slot.chain);
            }
            slot = slot.newer;
        }
    }
}
