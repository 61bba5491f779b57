package org.kiobd.volume.loop;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.uring.IoUring;
import org.jspecify.annotations.Nullable;

/**
 * The I/O engine that drives the event loops. With {@link #IO_URING}, one ring serves the sockets and those reads and writes of the
 * members' files that may block; with the other two engines, a bounded pool of threads does these reads and writes.
 */
public enum IoEngine {
    IO_URING,
    EPOLL,
    NIO;

    /** Returns the best engine this machine supports. */
    public static IoEngine best() {
        if (IO_URING.whyNot() == null) {
            return IO_URING;
        }
        return EPOLL.whyNot() == null ? EPOLL : NIO;
    }

    /** Returns in a few words why this machine cannot use the engine; null if it can. */
    public @Nullable String whyNot() {
        return switch (this) {
            case IO_URING -> reason(IoUring.isAvailable() ? null : IoUring.unavailabilityCause());
            case EPOLL -> reason(Epoll.isAvailable() ? null : Epoll.unavailabilityCause());
            case NIO -> null;
        };
    }

    private static @Nullable String reason(@Nullable Throwable cause) {
        if (cause == null) {
            return null;
        }
        Throwable root = cause;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        String message = root.getMessage();
        return message == null ? root.getClass().getSimpleName() : message;
    }

    @Override
    public String toString() {
        return switch (this) {
            case IO_URING -> "io_uring";
            case EPOLL -> "epoll";
            case NIO -> "nio";
        };
    }
}
