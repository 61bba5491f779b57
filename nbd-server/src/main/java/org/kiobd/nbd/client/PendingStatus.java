package org.kiobd.nbd.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.protocol.CommandFlags;
import org.kiobd.volume.kiobuf.Fragment;

/** A BLOCK_STATUS, and the extents that have arrived for each context. */
final class PendingStatus extends Pending {
    /** The maximum number of extents in a chunk; the specification advises servers not to send more. */
    static final int MAX_EXTENTS = 1 << 20;

    private final Map<Integer, String> expected;
    private final boolean filtered;
    private final CompletableFuture<BlockStatus> future = new CompletableFuture<>();
    private final Map<String, List<BlockStatus.Extent>> told = new HashMap<>();
    private List<BlockStatus.Extent> current = new ArrayList<>();
    private long currentBytes;

    /**
     * @param expected the names of the contexts that the reply must report, by their ids on this connection
     * @param filtered whether the request lists the contexts because it needs only some of them
     */
    PendingStatus(Request request, Map<Integer, String> expected, boolean filtered) {
        super(request);
        this.expected = Map.copyOf(expected);
        this.filtered = filtered;
    }

    CompletableFuture<BlockStatus> future() {
        return future;
    }

    @Override
    @Nullable
    Fragment payload() {
        if (!filtered) {
            return null;
        }
        ByteBuf payload = Unpooled.buffer(Long.BYTES + expected.size() * Integer.BYTES);
        payload.writeLong(request().lengthBytes());
        expected.keySet().forEach(payload::writeInt);
        return Fragment.of(payload, 0, payload.writerIndex());
    }

    /**
     * Begins a chunk of {@code extents} extents for the context {@code id}.
     *
     * @throws NbdException if the context is unexpected or repeated, or the number of extents is not allowed
     */
    void context(int id, long extents) throws NbdException {
        String name = expected.get(id);
        if (name == null) {
            throw wrong("tells about a context that was not asked for: id=" + Integer.toUnsignedString(id));
        }
        if (extents < 1 || extents > MAX_EXTENTS || (extents > 1 && isOne())) {
            throw wrong("has too many extents, or none: " + extents);
        }
        current = new ArrayList<>();
        currentBytes = 0;
        if (told.put(name, current) != null) {
            throw wrong("tells about a context twice: " + name);
        }
    }

    private boolean isOne() {
        return request().has(CommandFlags.NBD_CMD_FLAG_REQ_ONE);
    }

    /** Adds the next extent of the chunk. */
    void extent(long lengthBytes, long status) throws NbdException {
        if (lengthBytes < 1
                || currentBytes >= request().lengthBytes()
                || lengthBytes > Long.MAX_VALUE - currentBytes
                || (isOne() && lengthBytes > request().lengthBytes())) {
            throw wrong("has an extent that cannot be: lengthBytes=" + Long.toUnsignedString(lengthBytes) + " behind "
                    + currentBytes + " bytes");
        }
        currentBytes += lengthBytes;
        current.add(new BlockStatus.Extent(lengthBytes, status));
    }

    @Override
    void complete() throws NbdException {
        if (told.size() != expected.size()) {
            throw wrong("tells about " + told.keySet() + " where " + expected.values() + " were asked for");
        }
        Map<String, List<BlockStatus.Extent>> contexts = new HashMap<>();
        told.forEach((name, extents) -> contexts.put(name, List.copyOf(extents)));
        future.complete(new BlockStatus(contexts));
    }

    @Override
    void failed(NbdException why) {
        future.completeExceptionally(why);
    }
}
