package org.kiobd.store;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;

/**
 * One event loop's way into a {@link MemberStore}. Confined to that loop.
 *
 * <p>Rules:
 *
 * <ol>
 *   <li>{@link #submit} never blocks on the medium and never throws for what the medium does.
 *   <li>Every operation ends in exactly one {@link MemberOp#complete}, on this loop, inline or later, in any order.
 *   <li>Transfers are whole: a short one is continued; one that makes no progress is {@link org.kiobd.volume.IoError#IO}. So is a READ
 *       of a place inside the member that its medium no longer has: that is no hole, and never answered with zeros.
 *   <li>More gather entries than the system takes at once are done in several calls.
 *   <li>With {@link org.kiobd.volume.kiobuf.Kiobuf#FUA} the bytes are durable when the operation completes; if they arrived and only
 *       the sync failed, it ends with all bytes done and the error. FLUSH covers everything completed before it was submitted, on any
 *       loop.
 * </ol>
 */
public interface MemberPort extends AutoCloseable {

    /** Starts an operation. The port has it until it completes it; its memory is borrowed for that time. */
    void submit(MemberOp op);

    /** End of a batch: what was submitted and only collected so far gets under way now. */
    void unplug();

    /**
     * What is stored for {@code range} of the data area, asked on the loop and answered on it. The rules are those of {@link
     * org.kiobd.volume.BlockDevice#extents}; a store that cannot tell says that all of it is data.
     */
    default CompletionStage<List<Extent>> extents(ByteRange range, int maxExtents) {
        return CompletableFuture.completedFuture(List.of(new Extent(range.lengthBytes(), Extent.Kind.DATA)));
    }

    /** Nothing is in flight and nothing will be submitted any more. */
    @Override
    void close();
}
