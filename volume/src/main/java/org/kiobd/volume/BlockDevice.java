package org.kiobd.volume;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.kiobuf.KiobufChain;
import org.kiobd.volume.loop.IoLoop;

/**
 * The contract at the bottom of the house: bytes that can be read, written, trimmed, zeroed and flushed. A striped volume is one,
 * and so is every wrapper (read-only, slow, faulty, recording) around one.
 *
 * <p>The rules, named by the tests that hold them:
 *
 * <ol>
 *   <li>{@link #submit} <em>takes</em> the chain. Every original in it completes exactly once, on the loop it was submitted from,
 *       inline or later, whatever happens.
 *   <li>Each original completes when its own bytes are done; it never waits for its neighbours in the chain.
 *   <li>An original fails if and only if a byte range that failed intersects it; of several errors the one at the lowest offset
 *       wins.
 *   <li>A completed FLUSH covers every mutation that was completed, on any loop, before the FLUSH was submitted. A mutation with
 *       FUA is durable when it completes.
 *   <li>A failed sync is sticky: mutations and FLUSH fail with {@link IoError#IO} until the device is opened again.
 *   <li>Nothing is ordered between requests in flight. Every request is idempotent: submitting it twice in a row does the same.
 *   <li>An acknowledged write has left the process: write(2) or the store's log has it.
 *   <li>Bounds are those of {@link #sizeBytes()} at the moment of the request; the size may grow, and never shrinks, while open.
 *   <li>A request outside the bounds completes with {@link IoError#INVALID} and touches nothing. Length 0 completes at once.
 * </ol>
 *
 * <p>Threads: {@link #submit}, {@link #hasRoom}, {@link #onRoom}, {@link #unplug} and {@link #extents} on the loop in question; everything else from
 * any thread.
 */
public interface BlockDevice extends AutoCloseable {

    /** What the device is; the same object for as long as it is open. */
    DeviceInfo info();

    /**
     * Alignment of memory that need not be copied on its way; a power of two, 1 if any will do. A wish: every memory is taken. Nothing a
     * client can see follows from it.
     */
    default int memoryAlignmentBytes() {
        return 1;
    }

    /** Whether it takes what a WRITE has in pipes without copying it. A wish as well: it takes every WRITE. */
    default boolean takesPipes() {
        return false;
    }

    /** Current size in bytes. */
    long sizeBytes();

    /**
     * Starts the requests of a chain. Takes the chain. A single request, a FLUSH and a range operation are chains of one. Never
     * blocks and never throws for what a store does: failures arrive at the originals' completions.
     */
    void submit(KiobufChain chain);

    /**
     * Whether {@code chain} could start working now: false while frozen, or while a member it touches has its limit of operations
     * in flight. A chain submitted all the same is kept and started later; asking first lets it go on merging instead.
     */
    boolean hasRoom(KiobufChain chain);

    /** Registers the one listener of {@code loop} that runs, on that loop, when {@link #hasRoom} may have become true. */
    void onRoom(IoLoop loop, Runnable listener);

    /** End of a batch of {@link #submit} calls on {@code loop}: what was submitted must get under way now. */
    void unplug(IoLoop loop);

    /**
     * What is stored for {@code range}, as it stands now: requests in flight may change it meanwhile.
     *
     * @param loop where it is asked, and where the answer completes
     * @param range inside the device, not empty
     * @param maxExtents how many extents are wanted at most, 1 or more
     * @return completes with at least one extent, the first at the range's first byte, none beyond its end, no two neighbours of one
     *     kind; they cover the range, or less of it once there are {@code maxExtents} of them. Fails with {@link BlockIoException}. A
     *     device that cannot tell says that all of it is data.
     */
    default CompletionStage<List<Extent>> extents(IoLoop loop, ByteRange range, int maxExtents) {
        return CompletableFuture.completedFuture(List.of(new Extent(range.lengthBytes(), Extent.Kind.DATA)));
    }

    /** Which member holds the byte at {@code offsetBytes}, and how many bytes from there on; a device of one piece is its own member 0. */
    default MemberRun memberRun(long offsetBytes) {
        return new MemberRun(0, Long.MAX_VALUE - offsetBytes);
    }

    /**
     * Lets accepted requests finish and holds new ones back, on all loops. Nests: as many {@link #thaw} calls as {@code freeze}
     * calls are due.
     *
     * @return completes, on any thread, when nothing is in flight any more
     */
    CompletionStage<@Nullable Void> freeze();

    /** Undoes one {@link #freeze}; at the last one, what was held back goes on. */
    void thaw();

    /** A snapshot of what the device has done since it was opened. */
    DeviceCounters counters();

    /** Flushes and closes the members. The caller has frozen the device or knows that nothing is in flight. */
    @Override
    void close() throws BlockIoException;
}
