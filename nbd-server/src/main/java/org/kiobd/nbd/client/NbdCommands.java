package org.kiobd.nbd.client;

import io.netty.buffer.ByteBuf;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.kiobuf.Fragment;

/**
 * The requests that a client can send to an export. Any thread.
 *
 * <ol>
 *   <li>Every future completes exactly once: with the server's reply, or with an {@link NbdException} ({@link NbdException#of} unwraps it
 *       from the exception of the future). It completes on the event loop of the connection, so its callbacks must not block; the future of
 *       a refused request may complete on the calling thread.
 *   <li>Requests are sent in the order in which they are made, and answered in any order. A request that depends on another one must be
 *       made after the future of the other has completed.
 *   <li>Requests are never split: a READ or WRITE is at most {@link #maxPayloadBytes()} long, and offsets and lengths are multiples of the
 *       minimum block size. The client refuses a request that the server could only refuse, and does not send it.
 *   <li>Requests beyond the limits in flight wait; requests beyond the limit of waiting requests fail with NBD_ENOMEM. A caller that makes
 *       many requests must wait for {@link #room()} first.
 *   <li>Flags are those of {@code CommandFlags}.
 * </ol>
 */
public interface NbdCommands {

    /** Returns the export, as it was when the connection was made. */
    ExportInfo export();

    /** Returns the maximum length of a READ or WRITE. */
    int maxPayloadBytes();

    /** Returns the names of the contexts that {@link #blockStatus} reports; empty: there is no block status. */
    Collection<String> metaContexts();

    /** Sends a READ into new memory. The reply is returned owned. */
    CompletableFuture<ReadReply> read(long offsetBytes, int lengthBytes, int flags);

    /**
     * Sends a READ into the caller's memory, which the reply returns owned. Takes one reference on the memory of {@code destination}; a
     * caller that keeps another reference must not touch the bytes before the future has completed.
     */
    CompletableFuture<ReadReply> read(long offsetBytes, Fragment destination, int flags);

    /** Sends a WRITE of the readable bytes of {@code payload}. Takes {@code payload}. */
    CompletableFuture<@Nullable Void> write(long offsetBytes, ByteBuf payload, int flags);

    CompletableFuture<@Nullable Void> flush();

    CompletableFuture<@Nullable Void> trim(long offsetBytes, long lengthBytes, int flags);

    CompletableFuture<@Nullable Void> writeZeroes(long offsetBytes, long lengthBytes, int flags);

    CompletableFuture<@Nullable Void> cache(long offsetBytes, long lengthBytes, int flags);

    /** Sends a BLOCK_STATUS for all {@link #metaContexts()}. */
    CompletableFuture<BlockStatus> blockStatus(long offsetBytes, long lengthBytes, int flags);

    /** Sends a BLOCK_STATUS for some of {@link #metaContexts()}; possible only if the server sent NBD_FLAG_BLOCK_STATUS_PAYLOAD. */
    CompletableFuture<BlockStatus> blockStatusOf(List<String> contexts, long offsetBytes, long lengthBytes, int flags);

    /** Returns a future that completes when a new request would be sent at once, or when the connection has ended. */
    CompletableFuture<@Nullable Void> room();

    /** Accepts no more requests, waits for the replies to all earlier ones, sends NBD_CMD_DISC and waits until the connection has ended. */
    CompletableFuture<@Nullable Void> disconnect();
}
