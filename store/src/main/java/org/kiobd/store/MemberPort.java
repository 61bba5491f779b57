package org.kiobd.store;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.kiobd.volume.ByteRange;
import org.kiobd.volume.Extent;

/**
 * The data path of one event loop into a {@link MemberStore}. Confined to that loop.
 *
 * <p>Rules:
 *
 * <ol>
 *   <li>{@link #submit} never blocks on the medium and never throws because of an error of the medium.
 *   <li>Every operation ends in exactly one {@link MemberOp#complete}, on this loop, inline or later, in any order.
 *   <li>Transfers are complete: the port continues a short transfer; a transfer that makes no progress fails with {@link
 *       org.kiobd.volume.IoError#IO}. A READ of a range inside the member that the medium no longer has (e.g. in a truncated file) fails
 *       with IO, too: such a range is not a hole and never reads as zeros.
 *   <li>The port splits an operation into several calls if it has more gather entries than the system takes at once.
 *   <li>With {@link org.kiobd.volume.kiobuf.Kiobuf#FUA} the bytes are durable when the operation completes; if all bytes were written
 *       and only the sync failed, the operation ends with all bytes done and the error. FLUSH covers every operation that completed
 *       before the FLUSH was submitted, on any loop.
 * </ol>
 */
public interface MemberPort extends AutoCloseable {

    /** Starts an operation. The port owns it until it completes it, and borrows its memory for that time. */
    void submit(MemberOp op);

    /** Ends a batch: starts all operations that the port has only collected so far. */
    void unplug();

    /**
     * Returns the extents of {@code range} of the data area. Called on the loop; the stage completes on the loop. The rules are those of
     * {@link org.kiobd.volume.BlockDevice#extents}; a store that cannot tell data from holes reports the whole range as data.
     */
    default CompletionStage<List<Extent>> extents(ByteRange range, int maxExtents) {
        return CompletableFuture.completedFuture(List.of(new Extent(range.lengthBytes(), Extent.Kind.DATA)));
    }

    /** Closes the port. No operation may be in flight, and none may be submitted afterwards. */
    @Override
    void close();
}
