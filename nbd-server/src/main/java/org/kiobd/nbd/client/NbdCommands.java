package org.kiobd.nbd.client;

import io.netty.buffer.ByteBuf;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.kiobuf.Fragment;

/**
 * What can be asked of an export. Any thread.
 *
 * <ol>
 *   <li>Every future ends exactly once: with the server's answer, or with an {@link NbdException} ({@link NbdException#of} finds it
 *       behind the future's wrapping). It ends on the connection's loop, so what hangs on it must not block.
 *   <li>Requests are sent in the order they were made, and answered in any order. What must happen after another waits for its future.
 *   <li>Nothing is split: READ and WRITE are at most {@link #maxPayloadBytes()} long, offsets and lengths multiples of the minimum
 *       block size. What the server could only refuse is refused here, unsent.
 *   <li>Beyond the limits in flight, requests wait; beyond the limit of those that wait they are refused with NBD_ENOMEM. Who makes
 *       many asks {@link #room()} first.
 *   <li>Flags are those of {@code CommandFlags}.
 * </ol>
 */
public interface NbdCommands {

    /** The export, as it was when the connection was made. */
    ExportInfo export();

    /** Longest READ and WRITE. */
    int maxPayloadBytes();

    /** Names of the contexts {@link #blockStatus} tells about; empty: there is no block status. */
    Collection<String> metaContexts();

    /** READ into new memory. The reply is returned owned. */
    CompletableFuture<ReadReply> read(long offsetBytes, int lengthBytes, int flags);

    /**
     * READ into the caller's memory, which the reply returns owned. Takes one reference on {@code destination}'s memory; a caller that
     * keeps one of its own must not touch the bytes before the future has ended.
     */
    CompletableFuture<ReadReply> read(long offsetBytes, Fragment destination, int flags);

    /** WRITE. Takes {@code payload}: its readable bytes are written. */
    CompletableFuture<@Nullable Void> write(long offsetBytes, ByteBuf payload, int flags);

    CompletableFuture<@Nullable Void> flush();

    CompletableFuture<@Nullable Void> trim(long offsetBytes, long lengthBytes, int flags);

    CompletableFuture<@Nullable Void> writeZeroes(long offsetBytes, long lengthBytes, int flags);

    CompletableFuture<@Nullable Void> cache(long offsetBytes, long lengthBytes, int flags);

    /** Block status of all {@link #metaContexts()}. */
    CompletableFuture<BlockStatus> blockStatus(long offsetBytes, long lengthBytes, int flags);

    /** Block status of some of {@link #metaContexts()}: only where the server says NBD_FLAG_BLOCK_STATUS_PAYLOAD. */
    CompletableFuture<BlockStatus> blockStatusOf(List<String> contexts, long offsetBytes, long lengthBytes, int flags);

    /** Ends when a request would be sent at once, also when there will never be room again because the connection has ended. */
    CompletableFuture<@Nullable Void> room();

    /** Takes no more requests, waits for the answers of those it has, says NBD_CMD_DISC and hangs up. */
    CompletableFuture<@Nullable Void> disconnect();
}
