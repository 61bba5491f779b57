package org.kiobd.nbd.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.kiobuf.Fragment;

/** A READ that keeps its data in memory and completes a future when all data have arrived. */
final class FutureRead extends PendingRead {
    private final CompletableFuture<ReadReply> future = new CompletableFuture<>();
    private @Nullable ByteBuf memory;
    private int startBytes;

    /** Takes one reference on the memory of {@code destination}; null: allocates memory when the request is sent. */
    FutureRead(Request request, @Nullable Fragment destination) {
        super(request);
        if (destination != null) {
            memory = destination.memory();
            startBytes = destination.offsetBytes();
        }
    }

    CompletableFuture<ReadReply> future() {
        return future;
    }

    @Override
    void provideMemory(ByteBufAllocator alloc) {
        if (memory == null) {
            int bytes = (int) request().lengthBytes();
            memory = alloc.directBuffer(bytes, bytes);
        }
    }

    private ByteBuf memory() {
        if (memory == null) {
            throw new IllegalStateException("no memory for " + request());
        }
        return memory;
    }

    @Override
    void data(long atOffset, ByteBuf in, int bytes) {
        in.readBytes(memory(), startBytes + (int) (atOffset - request().offsetBytes()), bytes);
    }

    @Override
    void allHere() {
        ByteBuf all = memory();
        memory = null;
        ReadReply reply = new ReadReply(all, startBytes, (int) request().lengthBytes(), pieces(all, startBytes));
        if (!future.complete(reply)) {
            // The caller has canceled the future.
            reply.close();
        }
    }

    @Override
    void failed(NbdException why) {
        future.completeExceptionally(why);
    }

    @Override
    void drop() {
        if (memory != null) {
            memory.release();
            memory = null;
        }
    }
}
