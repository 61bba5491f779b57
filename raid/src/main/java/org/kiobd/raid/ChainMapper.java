package org.kiobd.raid;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.kiobd.store.MemberOp;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.KiobufChain;

/**
 * Maps the requests of one event loop to operations of members; the part of a {@link Personality} that keeps state. Confined to the loop.
 */
interface ChainMapper {

    /** Returns whether no member that {@code chain}, which is not a FLUSH, needs is at its limit of operations in flight. */
    boolean hasRoom(KiobufChain chain);

    /**
     * Makes the operations of a chain, borrowed, and gives them to {@link MemberIssuer#prepare}. Adds one to the pending count of each
     * original for each operation that covers it.
     *
     * @param listener called when an operation has ended
     */
    void map(KiobufChain chain, MemberOp.Listener listener);

    /** Handles an operation that has failed: ends the slices of its originals, or sends their bytes again. */
    void memberOpFailed(MemberOp op, IoError error);

    /** Returns the extents of {@code range} as the members tell them. */
    CompletableFuture<List<Extent>> extents(ByteRange range, int maxExtents);
}
