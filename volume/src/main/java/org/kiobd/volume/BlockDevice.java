package org.kiobd.volume;

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
 * <p>Threads: {@link #submit}, {@link #hasRoom}, {@link #onRoom} and {@link #unplug} on the loop in question; everything else from
 * any thread.
 */
public interface BlockDevice extends AutoCloseable {

    /** What the device is; the same object for as long as it is open. */
    DeviceInfo info();

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
