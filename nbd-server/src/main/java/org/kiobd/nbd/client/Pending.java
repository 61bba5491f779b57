package org.kiobd.nbd.client;

import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.protocol.CommandFlags;
import org.kiobd.nbd.protocol.NbdCommand;
import org.kiobd.volume.kiobuf.Fragment;

/**
 * A request from its making to its end: what is asked, and what has come of it so far. How its end is told is its kind's. Confined to the
 * loop once it is there.
 */
abstract class Pending {
    /** What is asked. It changes only while its request is not under way. */
    static final class Request {
        private NbdCommand command;
        private int flags;
        private long offsetBytes;
        private long lengthBytes;

        /** @param lengthBytes of the range; 0 for FLUSH */
        Request(NbdCommand command, int flags, long offsetBytes, long lengthBytes) {
            this.command = command;
            this.flags = flags;
            this.offsetBytes = offsetBytes;
            this.lengthBytes = lengthBytes;
        }

        /** Asks for something else from now on. */
        void set(NbdCommand newCommand, int newFlags, long newOffsetBytes, long newLengthBytes) {
            command = newCommand;
            flags = newFlags;
            offsetBytes = newOffsetBytes;
            lengthBytes = newLengthBytes;
        }

        NbdCommand command() {
            return command;
        }

        int flags() {
            return flags;
        }

        long offsetBytes() {
            return offsetBytes;
        }

        long lengthBytes() {
            return lengthBytes;
        }

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
    private @Nullable NbdException failure;
    private long cookie;

    Pending(Request request) {
        this.request = request;
    }

    final Request request() {
        return request;
    }

    /** The number it is under way with. */
    final long cookie() {
        return cookie;
    }

    final void cookie(long given) {
        cookie = given;
    }

    /** Bytes it counts as in flight. */
    long payloadBytes() {
        return 0;
    }

    /** What follows the header; null: nothing. Borrowed until {@link #sent}. */
    @Nullable
    Fragment payload() {
        return null;
    }

    /** It is on its way, and so is its payload, with references of its own. */
    void sent() {}

    /** The server said that it failed; the first such word counts. */
    final void charge(int errno, String text, OptionalLong atOffset) {
        if (failure == null) {
            failure = NbdException.answered(request.toString(), errno, text, atOffset);
        }
    }

    /** Forgets what the server said, for one that is asked again. */
    final void forget() {
        failure = null;
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
            complete();
        }
    }

    /** Ends it without an answer. */
    final void fail(NbdException why) {
        drop();
        failed(why);
    }

    /** Ends it with all that was asked for, and gives what it owned away with that. */
    abstract void complete() throws NbdException;

    /** Tells that it has failed; it owns nothing any more. */
    abstract void failed(NbdException why);

    /** Lets go of its memory. */
    void drop() {}

    final NbdException wrong(String what) {
        return NbdException.broken("the server's reply to " + request + " " + what);
    }

    /** Whether the reply may have one content chunk only. */
    final boolean isUnfragmented() {
        return request.has(CommandFlags.NBD_CMD_FLAG_DF);
    }
}
