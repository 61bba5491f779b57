package org.kiobd.raid;

import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.kiobd.store.MemberOp;
import org.kiobd.store.MemberOpPool;
import org.kiobd.store.MemberPort;
import org.kiobd.store.MemberStore;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoLoop;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Issues the operations of one event loop to the members of an array, whatever its layout: knows how many are in flight on each member and
 * which members are at their limit, and counts them. Owned by an {@link ArrayPort}; confined to its loop.
 */
final class MemberIssuer {
    private static final Logger LOG = LoggerFactory.getLogger(MemberIssuer.class);
    private static final long NANOS_PER_MICRO = 1000;

    private final String device;
    private final MemberPort[] members;
    private final int maxInFlightPerMember;
    private final PortCounters counters;
    private final MemberOpPool pool = new MemberOpPool();
    private final ArrayDeque<MemberOp> prepared = new ArrayDeque<>();
    private final int[] inFlight;
    private int totalInFlight;

    /** @param device name of the device, for messages */
    MemberIssuer(String device, IoLoop loop, List<MemberStore> stores, int maxInFlightPerMember) {
        this.device = device;
        this.maxInFlightPerMember = maxInFlightPerMember;
        this.members = new MemberPort[stores.size()];
        for (int i = 0; i < members.length; i++) {
            members[i] = stores.get(i).port(loop);
        }
        this.inFlight = new int[members.length];
        this.counters = new PortCounters(members.length);
    }

    /** Returns the counters of the loop; this class counts in those that concern members. */
    PortCounters counters() {
        return counters;
    }

    /** Returns the pool from which a mapper takes the operations that it prepares. */
    MemberOpPool pool() {
        return pool;
    }

    /** Returns whether {@code member} is below its limit of operations in flight. */
    boolean hasRoom(int member) {
        return inFlight[member] < maxInFlightPerMember;
    }

    /**
     * Takes an operation that {@link #issuePrepared} issues. An operation may end at once, and its end may start the next chain, so a
     * mapper must have made all operations of a chain before the first one is issued.
     */
    void prepare(MemberOp op) {
        prepared.add(op);
    }

    void issuePrepared() {
        MemberOp op = prepared.poll();
        while (op != null) {
            issue(op);
            op = prepared.poll();
        }
    }

    private void issue(MemberOp op) {
        int member = op.member();
        inFlight[member]++;
        totalInFlight++;
        PortCounters.add(counters.memberOps, 1);
        PortCounters.add(counters.ops, member, 1);
        counters.inFlight.lazySet(member, inFlight[member]);
        PortCounters.max(counters.maxInFlight, member, inFlight[member]);
        op.started(System.nanoTime());
        try {
            members[member].submit(op);
        } catch (RuntimeException e) {
            LOG.error("device={} member={}: the store threw instead of ending the operation", device, member, e);
            if (!op.isEnded()) {
                op.complete(0, IoError.IO);
            }
        }
    }

    /** Issues parts of the ended operation {@code failed} in its place, at once, whatever the limit of the member. */
    void reissue(MemberOp failed, List<MemberOp> parts) {
        PortCounters.add(counters.reissuedOps, parts.size());
        // Keeps the loop from looking idle when the first part ends before the others are issued.
        begin();
        parts.forEach(this::issue);
        end();
        members[failed.member()].unplug();
    }

    /** Counts the end of an operation that was issued here. */
    void ended(MemberOp op) {
        int member = op.member();
        inFlight[member]--;
        totalInFlight--;
        counters.inFlight.lazySet(member, inFlight[member]);
        PortCounters.max(counters.maxAgeMicros, member, (System.nanoTime() - op.startedNanos()) / NANOS_PER_MICRO);
        if (op.error() != null) {
            PortCounters.add(counters.errors, member, 1);
        }
    }

    /** Counts something other than an operation as in flight, until {@link #end}. */
    void begin() {
        totalInFlight++;
    }

    /** Undoes one {@link #begin}. */
    void end() {
        totalInFlight--;
    }

    /** Returns whether nothing is in flight. */
    boolean isIdle() {
        return totalInFlight == 0;
    }

    CompletableFuture<List<Extent>> extents(int member, ByteRange range, int maxExtents) {
        return members[member].extents(range, maxExtents).toCompletableFuture();
    }

    /** Ends a batch on all members. No caller up the stack may have an ended operation. */
    void unplug() {
        pool.recycle();
        for (MemberPort member : members) {
            member.unplug();
        }
    }

    /** Closes the members' ports; nothing may be in flight. */
    void close() {
        for (MemberPort member : members) {
            member.close();
        }
    }
}
