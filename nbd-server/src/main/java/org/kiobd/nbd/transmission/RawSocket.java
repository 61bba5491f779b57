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
 * The socket of a channel, for calls Netty does not make: sendfile(2) from the page cache, and what belongs before and behind it. Nothing
 * here waits. Only used while Netty itself has nothing to send. Confined to the channel's loop.
 *
 * <p>Netty's io_uring transport keeps its sockets blocking, and sendfile, and splice from TCP, know no flag against that: {@link #begin} makes the socket
 * non-blocking, {@link #end} what it was. Operations of the ring that are under way have looked before; new ones begin behind.
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

    /** What the calls return where the socket has no room. */
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

    /** The channel's; null where it has none that can be had. */
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
     * Sends what is readable in {@code bytes}. Borrows them, and moves their reader index.
     *
     * @param more whether something follows at once, so that a packet waits for it
     * @return bytes sent, {@link #NO_ROOM}, or a negative errno
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
     * Sends the beginning of what stands in a file.
     *
     * @return bytes sent, {@link #NO_ROOM}, or a negative errno; {@link Long#MIN_VALUE} where the file ends
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

    /** Takes what is there and missing in {@code payload}, without copying it. @return bytes taken; {@link #NO_ROOM} where there are none */
    long splice(PipedPayload payload) {
        if (unix) {
            // Takes the flag of the call for it.
            long taken = payload.fill(fd);
            if (taken == NO_ROOM) {
                // Unlike TCP's, its send buffer stays as large as the client made it.
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

    /** Receives what there is room for in {@code into}. @return bytes received; 0 or less where there are none, or the stream is at its end */
    long receive(ByteBuf into) {
        long received;
        do {
            received = recv(fd, into.memoryAddress() + into.writerIndex(), into.writableBytes(), MSG_DONTWAIT);
        } while (received < 0 && Native.getLastError() == EINTR);
        into.writerIndex(into.writerIndex() + (int) Math.max(0, received));
        return received;
    }

    /** Reads the beginning of what stands in a file, as much as {@code into} has room for. @return whether all of that was there */
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
