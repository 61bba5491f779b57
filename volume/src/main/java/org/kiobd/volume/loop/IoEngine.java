package org.kiobd.volume.loop;

import io.netty.channel.epoll.Epoll;
import io.netty.channel.uring.IoUring;
import org.jspecify.annotations.Nullable;

/**
 * What turns the event loops. {@link #IO_URING} drives sockets and the members' files from one ring; with the other two, files are
 * read and written by a bounded pool of threads.
 */
public enum IoEngine {
    IO_URING,
    EPOLL,
    NIO;

    /** The best engine this machine allows. */
    public static IoEngine best() {
        if (IO_URING.whyNot() == null) {
            return IO_URING;
        }
        return EPOLL.whyNot() == null ? EPOLL : NIO;
    }

    /** Why this machine cannot use the engine, in a few words; null if it can. */
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
