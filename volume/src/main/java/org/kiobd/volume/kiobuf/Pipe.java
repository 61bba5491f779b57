package org.kiobd.volume.kiobuf;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * A pipe(2) that holds payload on its way from a socket to a file: splice(2) moves the kernel's pages, and this process never touches the
 * bytes. No call waits for data in a pipe or for room in one; a move to a file may wait for the file system. One thread at a time.
 *
 * <p>The calls that move bytes return the number of bytes moved, {@link #NOTHING} if there is no data or no room, or a negative errno.
 */
final class Pipe {
    /** Capacity of a pipe; partly filled pages reduce it. By default an unprivileged process may not ask for more: pipe(7). */
    static final int CAPACITY_BYTES = 1 << 20;

    static final long NOTHING = 0;

    private static final int EINTR = 4;
    private static final int EAGAIN = 11;
    private static final int O_NONBLOCK = 04000;
    private static final int O_CLOEXEC = 02000000;
    private static final int F_SETPIPE_SZ = 1031;
    private static final int SPLICE_F_MOVE = 1;
    private static final int SPLICE_F_NONBLOCK = 2;
    private static final long NO_OFFSET = 0;

    static {
        Native.register(Pipe.class, NativeLibrary.getProcess());
    }

    private final int readFd;
    private final int writeFd;
    private final ByteBuffer offset;
    private final long offsetAddress;
    private long heldBytes;

    private Pipe(int readFd, int writeFd) {
        this.readFd = readFd;
        this.writeFd = writeFd;
        this.offset = ByteBuffer.allocateDirect(Long.BYTES).order(ByteOrder.nativeOrder());
        this.offsetAddress = Pointer.nativeValue(Native.getDirectBufferPointer(offset));
    }

    /** Opens a pipe. Returns null if there is no free descriptor, or if the kernel does not grant {@link #CAPACITY_BYTES}. */
    static @Nullable Pipe open() {
        int[] ends = new int[2];
        if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) {
            return null;
        }
        Pipe pipe = new Pipe(ends[0], ends[1]);
        if (fcntl(pipe.writeFd, F_SETPIPE_SZ, CAPACITY_BYTES) < CAPACITY_BYTES) {
            pipe.close();
            return null;
        }
        return pipe;
    }

    /** Returns the number of bytes in the pipe. */
    long heldBytes() {
        return heldBytes;
    }

    /** Moves up to {@code bytes} from a socket to this pipe. {@link #NOTHING}: the socket is empty or at its end, or the pipe is full. */
    long fill(int socketFd, long bytes) {
        long result;
        do {
            result = splice(socketFd, NO_OFFSET, writeFd, NO_OFFSET, bytes, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        } while (isInterrupted(result));
        return filled(result);
    }

    /** Copies up to {@code bytes} from memory to this pipe, and advances the reader index. {@link #NOTHING}: the pipe is full. */
    long fill(ByteBuf from, int bytes) {
        long result;
        do {
            result = write(writeFd, from.memoryAddress() + from.readerIndex(), bytes);
        } while (isInterrupted(result));
        from.skipBytes((int) Math.max(0, result));
        return filled(result);
    }

    private long filled(long result) {
        heldBytes += Math.max(0, result);
        return moved(result);
    }

    /** Moves up to {@code bytes} to a file, at offset {@code position}. */
    long drain(int fd, long position, long bytes) {
        long result;
        do {
            offset.putLong(0, position);
            result = splice(readFd, NO_OFFSET, fd, offsetAddress, bytes, SPLICE_F_MOVE);
        } while (isInterrupted(result));
        return drained(result);
    }

    /** Moves up to {@code bytes} to another pipe. {@link #NOTHING}: that pipe is full. */
    long drain(Pipe into, long bytes) {
        long result;
        do {
            result = splice(readFd, NO_OFFSET, into.writeFd, NO_OFFSET, bytes, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        } while (isInterrupted(result));
        into.heldBytes += Math.max(0, result);
        return drained(result);
    }

    /** Copies up to {@code bytes} to memory, at {@code index}. */
    long drain(ByteBuf into, int index, long bytes) {
        long result;
        do {
            result = read(readFd, into.memoryAddress() + index, bytes);
        } while (isInterrupted(result));
        return drained(result);
    }

    private long drained(long result) {
        heldBytes -= Math.max(0, result);
        return moved(result);
    }

    private static boolean isInterrupted(long result) {
        return result < 0 && Native.getLastError() == EINTR;
    }

    private static long moved(long result) {
        if (result >= 0) {
            return result;
        }
        int errno = Native.getLastError();
        return errno == EAGAIN ? NOTHING : -errno;
    }

    void close() {
        close(readFd);
        close(writeFd);
    }

    private static native int pipe2(int[] ends, int flags);

    private static native int fcntl(int fd, int command, int argument);

    private static native long splice(int inFd, long inOffset, int outFd, long outOffset, long bytes, int flags);

    private static native long read(int fd, long address, long bytes);

    private static native long write(int fd, long address, long bytes);

    private static native int close(int fd);
}
