package org.kiobd.store.file;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.CacheMode;
import org.kiobd.store.MemberOp;
import org.kiobd.store.OpenOptions;
import org.kiobd.store.SyncRounds;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Kiobuf;

/**
 * An open, locked file with its descriptors, shared by the ports of all loops. Its calls block; it counts those that move data. Any
 * thread; the store closes it once, when no port uses it any more.
 */
final class OpenFile {
    /** Unit of the block count of statx(2), independent of the file system's block size. */
    private static final int STATX_BLOCK_BYTES = 512;

    private static final ThreadLocal<Iovecs> IOVECS = ThreadLocal.withInitial(Iovecs::new);
    private static final int BLOCK_BYTES = 4096;

    private final int fd;
    private final @Nullable DirectFile direct;
    private final long dataOffsetBytes;
    private final Kind kind;
    private final OpenOptions options;
    private final LongAdder submittedOps = new LongAdder();
    private final SyncRounds syncRounds;
    private final FileEnd end;
    private final FileExtents extents;

    /** The kind of the open file. */
    enum Kind {
        REGULAR,
        BLOCK_DEVICE
    }

    /** Source of zeros to write if the file system cannot zero a range itself; never modified. */
    private static final class Zeros {
        static final int BYTES = 1 << 20;
        static final ByteBuffer MEMORY = ByteBuffer.allocateDirect(BYTES);
        static final long ADDRESS = Pointer.nativeValue(Native.getDirectBufferPointer(MEMORY));

        private Zeros() {}
    }

    /**
     * Takes the descriptors.
     *
     * @param direct descriptor for data transfers that bypass the page cache; null if {@code fd} transfers the data
     * @param dataOffsetBytes start of the data area in the file
     * @param threads executor of the syncs
     */
    OpenFile(
            int fd,
            @Nullable DirectFile direct,
            long dataOffsetBytes,
            Kind kind,
            OpenOptions options,
            Executor threads) {
        this.fd = fd;
        this.syncRounds = new SyncRounds(threads, this::fdatasync);
        this.direct = direct;
        this.dataOffsetBytes = dataOffsetBytes;
        this.kind = kind;
        this.options = options;
        this.end = new FileEnd(fd, dataOffsetBytes);
        this.extents = new FileExtents(fd, dataOffsetBytes, end, kind == Kind.REGULAR, direct == null);
    }

    /** Returns the data and holes of the file. */
    FileExtents extents() {
        return extents;
    }

    /** Returns the required end of the file. */
    FileEnd end() {
        return end;
    }

    int fd() {
        return fd;
    }

    /** Returns the descriptor by which data transfers bypass the page cache; null if they use the page cache. */
    @Nullable
    DirectFile direct() {
        return direct;
    }

    /** Returns the descriptor for data transfers. */
    int dataFd() {
        return direct == null ? fd : direct.fd();
    }

    CacheMode cacheMode() {
        return options.cache();
    }

    long dataOffsetBytes() {
        return dataOffsetBytes;
    }

    Kind kind() {
        return kind;
    }

    boolean isReadOnly() {
        return options.readOnly();
    }

    /**
     * Returns why {@code op} must not be started: it is a mutation of a read-only file, or it reaches into a lost range; null if it may
     * start.
     */
    @Nullable
    IoError refusal(MemberOp op) {
        if (options.readOnly() && op.op().mutates()) {
            return IoError.NOT_PERMITTED;
        }
        return end.isLost(op) ? IoError.IO : null;
    }

    LongAdder submittedOps() {
        return submittedOps;
    }

    SyncRounds syncRounds() {
        return syncRounds;
    }

    /** Requests the sync for a FLUSH or FUA, which covers everything written so far; does not sync in cache mode UNSAFE. */
    void requestSync(SyncRounds.Waiter waiter) {
        if (options.cache() == CacheMode.UNSAFE) {
            waiter.synced(0);
        } else {
            syncRounds.request(waiter);
        }
    }

    /** Syncs the file; returns 0 or errno. Also fails if the file was truncated: acknowledged data past its end is lost. */
    private int fdatasync() {
        submittedOps.increment();
        while (Libc.fdatasync(fd) != 0) {
            int errno = Libc.errno();
            if (errno != Errno.EINTR) {
                return errno;
            }
        }
        return end.check();
    }

    /** The result of an operation: the bytes done, and the errno that stopped it, or 0. */
    record Outcome(long doneBytes, int errno) {}

    /** Does a READ or WRITE until it is complete or fails. */
    Outcome transfer(MemberOp op) {
        return transfer(op, IOVECS.get());
    }

    /** Does a READ or WRITE with the caller's gather list. */
    Outcome transfer(MemberOp op, Iovecs iovecs) {
        return transfer(op, iovecs, dataFd());
    }

    /** Does a READ or WRITE through the page cache, whatever the cache mode. */
    Outcome transferBuffered(MemberOp op) {
        return transfer(op, IOVECS.get(), fd);
    }

    private Outcome transfer(MemberOp op, Iovecs iovecs, int through) {
        boolean reading = !op.op().mutates();
        long doneBytes = 0;
        while (doneBytes < op.lengthBytes()) {
            iovecs.fill(op.payload(), doneBytes);
            submittedOps.increment();
            long moved = call(through, reading, iovecs, dataOffsetBytes + op.offsetBytes() + doneBytes);
            if (moved < 0) {
                int errno = Libc.errno();
                if (!Errno.isTransient(errno)) {
                    return new Outcome(doneBytes, errno);
                }
            } else if (moved == 0) {
                if (!reading) {
                    return new Outcome(doneBytes, Errno.EINVAL);
                }
                return ended(op, doneBytes);
            } else {
                doneBytes += moved;
                if (reading && isBehindPromise(op, doneBytes)) {
                    return ended(op, doneBytes);
                }
            }
        }
        return new Outcome(doneBytes, 0);
    }

    /** Returns the result of a READ that found the end of the file after {@code doneBytes}: zeros, or EIO if data was lost. */
    Outcome ended(MemberOp op, long doneBytes) {
        if (!end.isReached(dataOffsetBytes + op.offsetBytes() + doneBytes)) {
            return new Outcome(doneBytes, Errno.EIO);
        }
        zeroMemory(op, doneBytes);
        return new Outcome(op.lengthBytes(), 0);
    }

    /** Returns whether a READ has reached the required end of the file: a READ rounded out to whole blocks may extend beyond it. */
    boolean isBehindPromise(MemberOp op, long doneBytes) {
        return doneBytes < op.lengthBytes() && dataOffsetBytes + op.offsetBytes() + doneBytes == end.promisedBytes();
    }

    /**
     * Writes up to {@code bytes} bytes from an address through the page cache.
     *
     * @return number of bytes written, at least one; or a negative errno
     */
    long write(long address, long bytes, long position) {
        while (true) {
            submittedOps.increment();
            long moved = Libc.pwrite(fd, address, bytes, position);
            if (moved > 0) {
                return moved;
            }
            int errno = moved == 0 ? Errno.EINVAL : Libc.errno();
            if (!Errno.isTransient(errno)) {
                return -errno;
            }
        }
    }

    private static long call(int fd, boolean reading, Iovecs iovecs, long position) {
        if (iovecs.entries() == 1) {
            return reading
                    ? Libc.pread(fd, iovecs.firstAddress(), iovecs.bytes(), position)
                    : Libc.pwrite(fd, iovecs.firstAddress(), iovecs.bytes(), position);
        }
        return reading
                ? Libc.preadv(fd, iovecs.address(), iovecs.entries(), position)
                : Libc.pwritev(fd, iovecs.address(), iovecs.entries(), position);
    }

    /**
     * Reads into {@code iovecs} from {@code offsetBytes} of the data area on, only from the page cache.
     *
     * @return bytes read; fewer than requested if not all are cached; or -1, with the reason in {@link Libc#errno}
     */
    long readCached(Iovecs iovecs, long offsetBytes) {
        long moved =
                Libc.preadv2(fd, iovecs.address(), iovecs.entries(), dataOffsetBytes + offsetBytes, Libc.RWF_NOWAIT);
        if (moved == iovecs.bytes()) {
            submittedOps.increment();
        }
        return moved;
    }

    private static void zeroMemory(MemberOp op, long fromBytes) {
        long startBytes = 0;
        for (int i = 0; i < op.entries(); i++) {
            long lengthBytes = op.entryLengthBytes(i);
            int skipBytes = (int) Math.min(lengthBytes, Math.max(0, fromBytes - startBytes));
            ByteBuf memory = op.memory(i);
            memory.setZero(op.memoryOffsetBytes(i) + skipBytes, (int) lengthBytes - skipBytes);
            startBytes += lengthBytes;
        }
    }

    /** Does a TRIM: frees the blocks of the range, or does nothing if the file system cannot; TRIM allows that. Returns 0 or errno. */
    int trim(MemberOp op) {
        long offsetBytes = dataOffsetBytes + op.offsetBytes();
        long endBytes = offsetBytes + op.lengthBytes();
        if (kind == Kind.BLOCK_DEVICE) {
            // For a file, fallocate takes any range and zeroes partial blocks; for a device it takes whole blocks only.
            offsetBytes = (offsetBytes + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
            endBytes = endBytes / BLOCK_BYTES * BLOCK_BYTES;
        }
        if (offsetBytes >= endBytes) {
            return 0;
        }
        extents.punched();
        int errno = fallocate(Libc.FALLOC_FL_PUNCH_HOLE, offsetBytes, endBytes - offsetBytes);
        return isUnsupported(errno) ? 0 : errno;
    }

    /**
     * Does a WRITE_ZEROES: punches a hole, or with NO_HOLE zeroes and allocates the range. If the file system does not support that, writes
     * zeros, or fails if FAST_ZERO is set.
     */
    Outcome zero(MemberOp op) {
        if (op.lengthBytes() == 0) {
            return new Outcome(0, 0);
        }
        int mode = op.has(Kiobuf.NO_HOLE) ? Libc.FALLOC_FL_ZERO_RANGE : Libc.FALLOC_FL_PUNCH_HOLE;
        extents.punched();
        int errno = fallocate(mode, dataOffsetBytes + op.offsetBytes(), op.lengthBytes());
        if (!isUnsupported(errno)) {
            return new Outcome(errno == 0 ? op.lengthBytes() : 0, errno);
        }
        return op.has(Kiobuf.FAST_ZERO) ? new Outcome(0, Errno.EOPNOTSUPP) : writeZeros(op);
    }

    private boolean isUnsupported(int errno) {
        boolean unaligned = kind == Kind.BLOCK_DEVICE && errno == Errno.EINVAL;
        return errno == Errno.EOPNOTSUPP || errno == Errno.ENOSYS || unaligned;
    }

    private int fallocate(int mode, long offsetBytes, long lengthBytes) {
        submittedOps.increment();
        while (Libc.fallocate(fd, mode | Libc.FALLOC_FL_KEEP_SIZE, offsetBytes, lengthBytes) != 0) {
            int errno = Libc.errno();
            if (errno != Errno.EINTR) {
                return errno;
            }
        }
        return 0;
    }

    private Outcome writeZeros(MemberOp op) {
        long doneBytes = 0;
        while (doneBytes < op.lengthBytes()) {
            long count = Math.min(Zeros.BYTES, op.lengthBytes() - doneBytes);
            long moved = write(Zeros.ADDRESS, count, dataOffsetBytes + op.offsetBytes() + doneBytes);
            if (moved < 0) {
                return new Outcome(doneBytes, (int) -moved);
            }
            doneBytes += moved;
        }
        return new Outcome(doneBytes, 0);
    }

    /** Does a CACHE: asks the kernel to read ahead. This is a hint, so errors are ignored. */
    void readAhead(MemberOp op) {
        Libc.posix_fadvise(fd, dataOffsetBytes + op.offsetBytes(), op.lengthBytes(), Libc.POSIX_FADV_WILLNEED);
    }

    /** Closes the descriptors, which releases the lock. Ignores errors, because on Linux close(2) frees the descriptor in any case. */
    void close() {
        if (direct != null) {
            direct.close();
        }
        Libc.close(fd);
    }

    /** Returns the bytes that the file occupies, or -1. */
    long allocatedBytes() {
        return allocatedBytes(fd, "", Libc.AT_EMPTY_PATH);
    }

    /** Returns the bytes that the file occupies which statx(2) finds by these arguments, or -1. */
    static long allocatedBytes(int folderFd, String path, int flags) {
        ByteBuffer statx = ByteBuffer.allocateDirect(Libc.STATX_BYTES).order(ByteOrder.nativeOrder());
        long address = Pointer.nativeValue(Native.getDirectBufferPointer(statx));
        int result = Libc.statx(folderFd, path, flags, Libc.STATX_BLOCKS, address);
        return result == 0 ? statx.getLong(Libc.STATX_BLOCKS_OFFSET) * STATX_BLOCK_BYTES : -1;
    }

    /** Maps an errno to the error of the block layer; null for 0. */
    static @Nullable IoError toIoError(int errno) {
        return errno == 0 ? null : Errno.toIoError(errno);
    }
}
