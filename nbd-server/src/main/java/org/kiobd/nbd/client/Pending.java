package org.kiobd.nbd.client;

import io.netty.buffer.ByteBuf;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.protocol.CommandFlags;
import org.kiobd.nbd.protocol.NbdCommand;

/**
 * A request from its making to its end: what was asked, and what has come of it so far. Confined to the loop once it is there.
 *
 * @param <T> what it ends with
 */
abstract class Pending<T extends @Nullable Object> {
    /**
     * What is asked.
     *
     * @param lengthBytes of the range; 0 for FLUSH
     */
    record Request(NbdCommand command, int flags, long offsetBytes, long lengthBytes) {
        boolean has(int flag) {
            return (flags & flag) != 0;
        }

        /** Whether a run of bytes lies in the range; its numbers may be any. */
        boolean contains(long atOffset, long bytes) {
            long skip = atOffset - offsetBytes;
            return atOffset >= offsetBytes && skip <= lengthBytes && bytes >= 0 && bytes <= lengthBytes - skip;
        }

        @Override
        public String toString() {
            return command + " offset=" + offsetBytes + " lengthBytes=" + lengthBytes;
        }
    }

    private final Request request;
    private final CompletableFuture<T> future = new CompletableFuture<>();
    private @Nullable NbdException failure;

    Pending(Request request) {
        this.request = request;
    }

    final Request request() {
        return request;
    }

    final CompletableFuture<T> future() {
        return future;
    }

    /** Bytes it counts as in flight. */
    long payloadBytes() {
        return 0;
    }

    /** What follows the header; null: nothing. Returns owned; asked once, when it is sent. */
    @Nullable
    ByteBuf takePayload() {
        return null;
    }

    /** The server said that it failed; the first such word counts. */
    final void charge(int errno, String text, OptionalLong atOffset) {
        if (failure == null) {
            failure = NbdException.answered(request.toString(), errno, text, atOffset);
        }
    }

    /**
     * The reply is complete: ends it, with what the server said.
     *
     * @throws NbdException if the reply is not what the request asked for; nothing has ended then
     */
    final void finish() throws NbdException {
        if (failure != null) {
            fail(failure);
        } else {
            complete(future);
        }
    }

    /** Ends it without an answer. */
    final void fail(NbdException why) {
        drop();
        future.completeExceptionally(why);
    }

    /** Ends the future with all that was asked for, to which now belongs what this owned. */
    abstract void complete(CompletableFuture<T> ending) throws NbdException;

    /** Lets go of its memory. */
    void drop() {}

    final NbdException wrong(String what) {
        return NbdException.broken("the server's reply to " + request + " " + what);
    }

    /** A command with nothing but success to say. */
    static final class Plain extends Pending<@Nullable Void> {
        private @Nullable ByteBuf payload;
        private final int bytes;

        /** Takes {@code payload}. */
        Plain(Request request, @Nullable ByteBuf payload) {
            super(request);
            this.payload = payload;
            this.bytes = payload == null ? 0 : payload.readableBytes();
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
        void complete(CompletableFuture<@Nullable Void> ending) {
            ending.complete(null);
        }

        @Override
        void drop() {
            if (payload != null) {
                payload.release();
                payload = null;
            }
        }
    }

    /** Whether the reply may have one content chunk only. */
    final boolean isUnfragmented() {
        return request.has(CommandFlags.NBD_CMD_FLAG_DF);
    }
}
