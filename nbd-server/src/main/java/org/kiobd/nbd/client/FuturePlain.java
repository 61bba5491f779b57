package org.kiobd.nbd.client;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.kiobuf.Fragment;

/** A request whose reply reports only success or an error; completes a future. */
final class FuturePlain extends Pending {
    private final CompletableFuture<@Nullable Void> future = new CompletableFuture<>();
    private final int bytes;
    private @Nullable ByteBuf payload;

    /** Takes {@code payload}. */
    FuturePlain(Request request, @Nullable ByteBuf payload) {
        super(request);
        this.payload = payload;
        this.bytes = payload == null ? 0 : payload.readableBytes();
    }

    CompletableFuture<@Nullable Void> future() {
        return future;
    }

    @Override
    long payloadBytes() {
        return bytes;
    }

    @Override
    @Nullable
    Fragment payload() {
        return payload == null ? null : Fragment.of(payload, payload.readerIndex(), bytes);
    }

    @Override
    void sent() {
        drop();
    }

    @Override
    void complete() {
        future.complete(null);
    }

    @Override
    void failed(NbdException why) {
        future.completeExceptionally(why);
    }

    @Override
    void drop() {
        if (payload != null) {
            payload.release();
            payload = null;
        }
    }
}
