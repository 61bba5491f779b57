package org.kiobd.nbd.client;

import io.netty.buffer.ByteBuf;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A command with nothing but success to say, which ends a future. */
final class FuturePlain extends Pending {
    private final CompletableFuture<@Nullable Void> future = new CompletableFuture<>();
    private @Nullable ByteBuf payload;
    private final int bytes;

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
    ByteBuf takePayload() {
        ByteBuf taken = payload;
        payload = null;
        return taken;
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
