package org.kiobd.store.file;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/**
 * An open regular file, with what a FileChannel lacks: a read that does not wait for the disk. Buffers must be direct; a call moves their
 * position like the one of a FileChannel, and borrows them. An interrupt has no effect. Thread-safe; calls block unless they say otherwise.
 */
public final class NativeFile implements AutoCloseable {
    private static final int MODE = 0600;

    private static final ThreadLocal<Gather> GATHER = ThreadLocal.withInitial(Gather::new);

    private final Path path;
    private final int fd;
    private volatile boolean cannotTellCached;

    /** One struct iovec of a thread. */
    private static final class Gather {
        private final ByteBuffer memory =
                ByteBuffer.allocateDirect(2 * Long.BYTES).order(ByteOrder.nativeOrder());
        private final long address = Pointer.nativeValue(Native.getDirectBufferPointer(memory));
    }

    private NativeFile(Path path, int fd) {
        this.path = path;
        this.fd = fd;
    }

    /** Opens a file; makes it, for its owner only, if it is missing and {@code readOnly} is false. */
    public static NativeFile open(Path path, boolean readOnly) throws IOException {
        int flags = readOnly ? Libc.O_RDONLY : Libc.O_RDWR | Libc.O_CREAT;
        int fd = Libc.open(path.toString(), flags | Libc.O_CLOEXEC, MODE);
        if (fd < 0) {
            throw failure(path, Libc.errno());
        }
        return new NativeFile(path, fd);
    }

    private static IOException failure(Path path, int errno) {
        return new IOException(path + ": " + Libc.strerror(errno));
    }

    private static long address(ByteBuffer buffer) {
        return Pointer.nativeValue(Native.getDirectBufferPointer(buffer)) + buffer.position();
    }

    /** Reads at least one byte at {@code atBytes}; returns the number of bytes, or -1 at the end of the file. */
    public int read(ByteBuffer into, long atBytes) throws IOException {
        while (true) {
            long moved = Libc.pread(fd, address(into), into.remaining(), atBytes);
            if (moved > 0) {
                into.position(into.position() + (int) moved);
                return (int) moved;
            }
            if (moved == 0) {
                return -1;
            }
            retryOrThrow();
        }
    }

    /** Fills {@code into} with what is at {@code atBytes}, if all of it is in the page cache; returns false, with nothing moved, if it is not. */
    public boolean readCached(ByteBuffer into, long atBytes) {
        if (cannotTellCached) {
            return false;
        }
        Gather gather = GATHER.get();
        gather.memory.putLong(0, address(into)).putLong(Long.BYTES, into.remaining());
        long moved = Libc.preadv2(fd, gather.address, 1, atBytes, Libc.RWF_NOWAIT);
        if (moved == into.remaining()) {
            into.position(into.limit());
            return true;
        }
        cannotTellCached = moved < 0 && Libc.errno() == Errno.EOPNOTSUPP;
        return false;
    }

    /** Writes at least one byte at {@code atBytes}; returns the number of bytes. */
    public int write(ByteBuffer from, long atBytes) throws IOException {
        while (true) {
            long moved = Libc.pwrite(fd, address(from), from.remaining(), atBytes);
            if (moved > 0) {
                from.position(from.position() + (int) moved);
                return (int) moved;
            }
            if (moved == 0) {
                throw failure(path, Errno.EINVAL);
            }
            retryOrThrow();
        }
    }

    /** Makes what was written durable. */
    public void sync() throws IOException {
        while (Libc.fdatasync(fd) != 0) {
            retryOrThrow();
        }
    }

    private void retryOrThrow() throws IOException {
        int errno = Libc.errno();
        if (!Errno.isTransient(errno)) {
            throw failure(path, errno);
        }
    }

    /** Closes the file, once, when nobody uses it any more. */
    @Override
    public void close() {
        Libc.close(fd);
    }
}
