package org.kiobd.nbd.transmission;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.unix.DomainSocketChannel;
import io.netty.channel.unix.UnixChannel;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.ReadPiece;
import org.kiobd.volume.kiobuf.PipedPayload;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The socket of a channel, for system calls that Netty does not make: sendfile(2) from the page cache and splice(2) into pipes, and the
 * sends and receives that go with them. No call waits. Used for sending only while Netty itself has nothing to send. Confined to the
 * channel's loop.
 *
 * <p>Netty's io_uring transport keeps its sockets blocking, and neither sendfile, nor splice from TCP, has a flag to prevent blocking:
 * {@link #begin} makes the socket non-blocking, {@link #end} restores its mode. Operations of the ring that are in flight have already
 * checked the mode; new ones start after {@link #end}.
 */
final class RawSocket {
    private static final Logger LOG = LoggerFactory.getLogger(RawSocket.class);
    private static final int EINTR = 4;
    private static final int EAGAIN = 11;
    private static final int F_GETFL = 3;
    private static final int F_SETFL = 4;
    private static final int O_NONBLOCK = 04000;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int MSG_MORE = 0x8000;
    private static final boolean AVAILABLE = register();
    private static final ThreadLocal<Memory> OFFSET = ThreadLocal.withInitial(() -> new Memory(Long.BYTES));

    /** Result of a call when the socket has no room, or no data. */
    static final long NO_ROOM = 0;

    private final int fd;
    private final int flags;
    private final boolean unix;

    private RawSocket(int fd, int flags, boolean unix) {
        this.fd = fd;
        this.flags = flags;
        this.unix = unix;
    }

    private static boolean register() {
        try {
            if (!System.getProperty("os.name").equals("Linux") || Native.POINTER_SIZE != Long.BYTES) {
                return false;
            }
            Native.register(RawSocket.class, NativeLibrary.getProcess());
            return true;
        } catch (RuntimeException | LinkageError e) {
            LOG.warn("no native calls: large reads are copied: {}", e.toString());
            return false;
        }
    }

    /** Returns the socket of {@code channel}; null if its descriptor is not available or native calls are missing. */
    static @Nullable RawSocket of(Channel channel) {
        if (!AVAILABLE || !(channel instanceof UnixChannel unix)) {
            return null;
        }
        int fd = unix.fd().intValue();
        int flags = fcntl(fd, F_GETFL, 0);
        return flags < 0 ? null : new RawSocket(fd, flags, channel instanceof DomainSocketChannel);
    }

    void begin() {
        if ((flags & O_NONBLOCK) == 0) {
            fcntl(fd, F_SETFL, flags | O_NONBLOCK);
        }
    }

    void end() {
        if ((flags & O_NONBLOCK) == 0) {
            fcntl(fd, F_SETFL, flags);
        }
    }

    /**
     * Sends the readable bytes of {@code bytes}. Borrows the buffer and moves its reader index.
     *
     * @param more whether more data follows at once, so that the kernel delays a partial packet
     * @return number of bytes sent, {@link #NO_ROOM}, or a negative errno
     */
    long send(ByteBuf bytes, boolean more) {
        int options = MSG_DONTWAIT | MSG_NOSIGNAL | (more ? MSG_MORE : 0);
        long sent;
        do {
            sent = send(fd, bytes.memoryAddress() + bytes.readerIndex(), bytes.readableBytes(), options);
        } while (sent < 0 && Native.getLastError() == EINTR);
        if (sent >= 0) {
            bytes.skipBytes((int) sent);
            return sent;
        }
        return failed();
    }

    /**
     * Sends the beginning of a file extent.
     *
     * @return number of bytes sent, {@link #NO_ROOM}, or a negative errno; {@link Long#MIN_VALUE} at the end of the file
     */
    long send(ReadPiece.FileExtent extent) {
        Memory offset = OFFSET.get();
        offset.setLong(0, extent.offsetBytes());
        long sent;
        do {
            sent = sendfile(fd, extent.fileDescriptor(), offset, extent.lengthBytes());
        } while (sent < 0 && Native.getLastError() == EINTR);
        return sent > 0 ? sent : sent == 0 ? Long.MIN_VALUE : failed();
    }

    /**
     * Moves data that {@code payload} still misses from the socket into it, without a copy.
     *
     * @return number of bytes moved; {@link #NO_ROOM} if there are none
     */
    long splice(PipedPayload payload) {
        if (unix) {
            // On a unix socket, splice obeys SPLICE_F_NONBLOCK.
            long taken = payload.fill(fd);
            if (taken == NO_ROOM) {
                // Unlike a TCP send buffer, that of the client does not grow.
                payload.waited();
            }
            return taken;
        }
        begin();
        try {
            return payload.fill(fd);
        } finally {
            end();
        }
    }

    /**
     * Receives as many bytes as {@code into} has room for.
     *
     * @return number of bytes received; 0 or less if there are none, or at the end of the stream
     */
    long receive(ByteBuf into) {
        long received;
        do {
            received = recv(fd, into.memoryAddress() + into.writerIndex(), into.writableBytes(), MSG_DONTWAIT);
        } while (received < 0 && Native.getLastError() == EINTR);
        into.writerIndex(into.writerIndex() + (int) Math.max(0, received));
        return received;
    }

    /**
     * Reads the beginning of a file extent, as much as {@code into} has room for.
     *
     * @return whether all of it was read
     */
    static boolean read(ReadPiece.FileExtent extent, ByteBuf into) {
        int wanted = (int) Math.min(into.writableBytes(), extent.lengthBytes());
        while (wanted > 0) {
            long read = pread(
                    extent.fileDescriptor(),
                    into.memoryAddress() + into.writerIndex(),
                    wanted,
                    extent.offsetBytes() + into.readableBytes());
            if (read > 0) {
                into.writerIndex(into.writerIndex() + (int) read);
                wanted -= (int) read;
            } else if (read == 0 || Native.getLastError() != EINTR) {
                return false;
            }
        }
        return true;
    }

    private static long failed() {
        int errno = Native.getLastError();
        return errno == EAGAIN ? NO_ROOM : -errno;
    }

    private static native int fcntl(int fd, int command, int argument);

    private static native long send(int fd, long address, long length, int flags);

    private static native long recv(int fd, long address, long length, int flags);

    private static native long sendfile(int outFd, int inFd, Pointer offset, long count);

    private static native long pread(int fd, long address, long count, long offset);
}
