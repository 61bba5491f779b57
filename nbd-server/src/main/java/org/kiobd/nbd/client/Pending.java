package org.kiobd.nbd.client;

import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.protocol.CommandFlags;
import org.kiobd.nbd.protocol.NbdCommand;
import org.kiobd.volume.kiobuf.Fragment;

/**
 * A request of the client, and the part of its reply that has arrived. Subclasses decide how to report the result. Confined to the event
 * loop once it is submitted there.
 */
abstract class Pending {
    /** The parameters of a request. They change only while the request is not in flight. */
    static final class Request {
        private NbdCommand command;
        private int flags;
        private long offsetBytes;
        private long lengthBytes;

        /** @param lengthBytes length of the range; 0 for FLUSH */
        Request(NbdCommand command, int flags, long offsetBytes, long lengthBytes) {
            this.command = command;
            this.flags = flags;
            this.offsetBytes = offsetBytes;
            this.lengthBytes = lengthBytes;
        }

        /** Replaces all parameters, for a request that is sent again. */
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

        /** Returns whether the range contains {@code bytes} bytes at {@code atOffset}; both may be any number from the server. */
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

    /** Returns the cookie of the request in flight. */
    final long cookie() {
        return cookie;
    }

    final void cookie(long given) {
        cookie = given;
    }

    /** Returns how many bytes the request counts toward the limit of bytes in flight. */
    long payloadBytes() {
        return 0;
    }

    /** Returns the payload after the request header; null if there is none. Borrowed until {@link #sent}. */
    @Nullable
    Fragment payload() {
        return null;
    }

    /** Called when the request has been passed on for sending; a payload that is not copied is retained by then. */
    void sent() {}

    /** Records an error that the server reported; the first error counts. */
    final void charge(int errno, String text, OptionalLong atOffset) {
        if (failure == null) {
            failure = NbdException.answered(request.toString(), errno, text, atOffset);
        }
    }

    /** Forgets the recorded error, so that the request can be sent again. */
    final void forget() {
        failure = null;
    }

    /**
     * Ends the request when its reply is complete: reports the recorded error, if there is one, or success.
     *
     * @throws NbdException if the reply does not match the request; the request has not ended then
     */
    final void finish() throws NbdException {
        if (failure != null) {
            fail(failure);
        } else {
            complete();
        }
    }

    /** Ends the request with a failure: releases its resources, then reports {@code why}. */
    final void fail(NbdException why) {
        drop();
        failed(why);
    }

    /**
     * Reports success, and passes the resources of the request to the receiver of the result.
     *
     * @throws NbdException if the reply does not match the request; nothing was reported then
     */
    abstract void complete() throws NbdException;

    /** Reports the failure {@code why}; the request owns no resources any more. */
    abstract void failed(NbdException why);

    /** Releases the memory of the request. */
    void drop() {}

    final NbdException wrong(String what) {
        return NbdException.broken("the server's reply to " + request + " " + what);
    }

    /** Returns whether the reply must have a single content chunk. */
    final boolean isUnfragmented() {
        return request.has(CommandFlags.NBD_CMD_FLAG_DF);
    }
}
