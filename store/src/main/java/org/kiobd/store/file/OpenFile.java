package org.kiobd.store.file;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.CacheMode;
import org.kiobd.store.MemberOp;
import org.kiobd.store.OpenOptions;
import org.kiobd.store.SyncRounds;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.Kiobuf;

/**
 * An open, locked file with its descriptor, shared by the ports of all loops. Calls block; what they move is counted. Any thread; closed
 * once, by the store, when no port uses it any more.
 */
final class OpenFile {
    /** The unit of statx(2)'s block count, whatever the file system's own. */
    private static final int STATX_BLOCK_BYTES = 512;

    private static final ThreadLocal<Iovecs> IOVECS = ThreadLocal.withInitial(Iovecs::new);
    private static final int BLOCK_BYTES = 4096;

    private final int fd;
    private final @Nullable DirectFile direct;
    private final long dataOffsetBytes;
    private final Kind kind;
    private final OpenOptions options;
    private final LongAdder submittedOps = new LongAdder();
    private final SyncRounds syncRounds = new SyncRounds(FileThreads.executor(), this::fdatasync);
    private final FileEnd end;
    private final FileExtents extents;

    /** What is open. */
    enum Kind {
        REGULAR,
        BLOCK_DEVICE
    }

    /** Zeros to write from where the file system cannot make them itself; nobody writes into it. */
    private static final class Zeros {
        static final int BYTES = 1 << 20;
        static final ByteBuffer MEMORY = ByteBuffer.allocateDirect(BYTES);
        static final long ADDRESS = Pointer.nativeValue(Native.getDirectBufferPointer(MEMORY));

        private Zeros() {}
    }

    /**
     * Takes the descriptors.
     *
     * @param direct what moves data, past the page cache; null if {@code fd} does
     * @param dataOffsetBytes where the data area begins in the file
     */
    OpenFile(int fd, @Nullable DirectFile direct, long dataOffsetBytes, Kind kind, OpenOptions options) {
        this.fd = fd;
        this.direct = direct;
        this.dataOffsetBytes = dataOffsetBytes;
        this.kind = kind;
        this.options = options;
        this.end = new FileEnd(fd, dataOffsetBytes);
        this.extents = new FileExtents(fd, dataOffsetBytes, end, kind == Kind.REGULAR, direct == null);
    }

    /** What of it is stored, and what of a READ needs no reading. */
    FileExtents extents() {
        return extents;
    }

    /** How far it must reach. */
    FileEnd end() {
        return end;
    }

    int fd() {
        return fd;
    }

    /** The descriptor that moves data. */
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

    /** Why {@code op} is not even tried: it would change what was opened for reading only, or reaches into what is lost; else null. */
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

    /** What FLUSH and FUA ask for: a sync that covers all that is written so far; nothing where that was not wanted. */
    void requestSync(SyncRounds.Waiter waiter) {
        if (options.cache() == CacheMode.UNSAFE) {
            waiter.synced(0);
        } else {
            syncRounds.request(waiter);
        }
    }

    /** What was acknowledged and is no longer in the file cannot be made durable any more. */
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

    /** How far a call got, and why no farther: errno, or 0. */
    record Outcome(long doneBytes, int errno) {}

    /** Does a READ or WRITE completely, as far as the medium hasRoom it. */
    Outcome transfer(MemberOp op) {
        return transfer(op, IOVECS.get());
    }

    /** The same with the caller's own list. */
    Outcome transfer(MemberOp op, Iovecs iovecs) {
        return transfer(op, iovecs, dataFd());
    }

    /** The same by way of the page cache, whatever the file was opened for. */
    Outcome transferBuffered(MemberOp op) {
        return transfer(op, IOVECS.get(), fd);
    }

    private Outcome transfer(MemberOp op, Iovecs iovecs, int through) {
        boolean reading = !op.op().mutates();
        long doneBytes = 0;
        while (doneBytes < op.lengthBytes()) {
            iovecs.fill(op, doneBytes);
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

    /** A READ found the end of the file behind its first {@code doneBytes}: how it ends. */
    Outcome ended(MemberOp op, long doneBytes) {
        if (!end.isReached(dataOffsetBytes + op.offsetBytes() + doneBytes)) {
            return new Outcome(doneBytes, Errno.EIO);
        }
        zeroMemory(op, doneBytes);
        return new Outcome(op.lengthBytes(), 0);
    }

    /** Whether what is missing of a READ lies behind what the file promises: one that is rounded out to whole blocks asks for that. */
    boolean isBehindPromise(MemberOp op, long doneBytes) {
        return doneBytes < op.lengthBytes() && dataOffsetBytes + op.offsetBytes() + doneBytes == end.promisedBytes();
    }

    /** Writes up to {@code bytes} from an address, by way of the page cache. @return how many of them were, at least one; or a negative errno */
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
     * Reads into {@code iovecs} what is in the page cache from {@code offsetBytes} of the data area on, and nothing else.
     *
     * @return bytes read, or -1 and {@link Libc#errno}
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

    /** Does TRIM: gives the range's blocks back where the file system can; where it cannot, nothing happens, which TRIM allows. */
    int trim(MemberOp op) {
        long offsetBytes = dataOffsetBytes + op.offsetBytes();
        long endBytes = offsetBytes + op.lengthBytes();
        if (kind == Kind.BLOCK_DEVICE) {
            // A file takes any range and zeroes the ends itself; a device takes whole blocks only.
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

    /** Does WRITE_ZEROES: a hole, or with NO_HOLE an allocated range of zeros; written out only where neither can be had. */
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

    /** CACHE: asks the kernel to read ahead. A hint; whatever comes of it, it succeeds. */
    void readAhead(MemberOp op) {
        Libc.posix_fadvise(fd, dataOffsetBytes + op.offsetBytes(), op.lengthBytes(), Libc.POSIX_FADV_WILLNEED);
    }

    /** Lets go of it: the lock goes with the descriptor. A close(2) that fails has closed it all the same on Linux. */
    void close() {
        if (direct != null) {
            direct.close();
        }
        Libc.close(fd);
    }

    /** Bytes the file occupies, or -1. */
    long allocatedBytes() {
        return allocatedBytes(fd, "", Libc.AT_EMPTY_PATH);
    }

    /** Bytes the file that statx(2) finds by these arguments occupies, or -1. */
    static long allocatedBytes(int folderFd, String path, int flags) {
        ByteBuffer statx = ByteBuffer.allocateDirect(Libc.STATX_BYTES).order(ByteOrder.nativeOrder());
        long address = Pointer.nativeValue(Native.getDirectBufferPointer(statx));
        int result = Libc.statx(folderFd, path, flags, Libc.STATX_BLOCKS, address);
        return result == 0 ? statx.getLong(Libc.STATX_BLOCKS_OFFSET) * STATX_BLOCK_BYTES : -1;
    }

    /** The outcome as the block layer's word; null for success. */
    static @Nullable IoError toIoError(int errno) {
        return errno == 0 ? null : Errno.toIoError(errno);
    }
}
