package org.kiobd.volume;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.kiobuf.KiobufChain;
import org.kiobd.volume.kiobuf.Payload;
import org.kiobd.volume.loop.IoLoop;

/**
 * A block device, the basic contract of kiobd: its bytes can be read, written, trimmed, zeroed and flushed. A striped volume is a block
 * device, and so is every wrapper (read-only, slow, faulty, recording) around one.
 *
 * <p>The rules; the tests that check them carry their numbers:
 *
 * <ol>
 *   <li>{@link #submit} <em>takes</em> the chain. Every original in the chain completes exactly once, on the loop it was submitted
 *       from, inline or later, whatever happens.
 *   <li>Each original completes when its own bytes are done; it never waits for its neighbors in the chain.
 *   <li>An original fails if and only if a failed byte range intersects it; of several errors the one at the lowest offset wins.
 *   <li>A completed FLUSH makes every mutation durable that was completed, on any loop, before the FLUSH was submitted. A mutation
 *       with FUA is durable when it completes.
 *   <li>A failed sync is sticky: mutations and FLUSH fail with {@link IoError#IO} until the device is opened again.
 *   <li>Requests in flight have no order among each other. Every request is idempotent: submitting it twice in a row has the same
 *       effect as submitting it once.
 *   <li>An acknowledged write has left the process: its data was passed to write(2) or to the store's log.
 *   <li>The bounds of a request are those of {@link #sizeBytes()} at submission. While the device is open, its size may grow but never
 *       shrinks.
 *   <li>A request outside the bounds completes with {@link IoError#INVALID} and touches nothing. A request of length 0 completes at
 *       once.
 * </ol>
 *
 * <p>Threads: {@link #submit}, {@link #hasRoom}, {@link #onRoom}, {@link #unplug} and {@link #extents} are called on the loop they
 * concern; all other methods may be called from any thread.
 */
public interface BlockDevice extends AutoCloseable {

    /** Returns the description of the device; the same object while the device is open. */
    DeviceInfo info();

    /**
     * Returns the memory alignment at which the device transfers data without a copy: a power of two, 1 if any alignment will do. This
     * is only a preference: the device accepts any memory, and clients see no difference.
     */
    default int memoryAlignmentBytes() {
        return 1;
    }

    /** Returns the form of WRITE payload that the device transfers without a copy. Also only a preference: it accepts both forms. */
    default Payload.Form preferredPayload() {
        return Payload.Form.MEMORY;
    }

    /** Returns the current size in bytes. */
    long sizeBytes();

    /**
     * Starts the requests of a chain. Takes the chain. A single request, a FLUSH and a range operation are chains of one. Never
     * blocks, and never throws when a store fails: the completions of the originals report failures.
     */
    void submit(KiobufChain chain);

    /**
     * Returns whether {@code chain} could start now: false while the device is frozen, or while a member that the chain touches has
     * reached its limit of operations in flight. {@link #submit} also takes a chain that has no room, and may start it later; a caller
     * that asks first can let the chain go on merging instead.
     */
    boolean hasRoom(KiobufChain chain);

    /** Registers the single listener of {@code loop}. It runs on that loop when {@link #hasRoom} may have become true. */
    void onRoom(IoLoop loop, Runnable listener);

    /** Ends a batch of {@link #submit} calls on {@code loop}: the device must start the submitted chains now. */
    void unplug(IoLoop loop);

    /**
     * Returns what is stored for {@code range} at the moment, as extents; requests in flight may change the answer.
     *
     * @param loop the calling loop, on which the answer completes
     * @param range range inside the device, not empty
     * @param maxExtents maximum number of extents, 1 or more
     * @return stage that completes with at least one extent. The first extent begins at the range's first byte, none reaches beyond the
     *     end of the range, and adjacent extents differ in kind. The extents cover the range, or a part of it if there are {@code
     *     maxExtents} of them. The stage fails with {@link BlockIoException}. A device that cannot tell reports the whole range as data.
     */
    default CompletionStage<List<Extent>> extents(IoLoop loop, ByteRange range, int maxExtents) {
        return CompletableFuture.completedFuture(List.of(new Extent(range.lengthBytes(), Extent.Kind.DATA)));
    }

    /**
     * Returns the member that holds the byte at {@code offsetBytes}, and how many bytes from there on it holds. A device without members
     * is its own member 0.
     */
    default MemberRun memberRun(long offsetBytes) {
        return new MemberRun(0, Long.MAX_VALUE - offsetBytes);
    }

    /**
     * Lets accepted requests finish and holds new ones back, on all loops. Calls nest: each {@code freeze} needs its own {@link #thaw}.
     *
     * @return stage that completes, on any thread, when no request is in flight any more
     */
    CompletionStage<@Nullable Void> freeze();

    /** Undoes one {@link #freeze}; the last call starts the requests that were held back. */
    void thaw();

    /** Returns a snapshot of the counters since the device was opened. */
    DeviceCounters counters();

    /** Flushes and closes the members. The caller has frozen the device or knows that no request is in flight. */
    @Override
    void close() throws BlockIoException;
}
