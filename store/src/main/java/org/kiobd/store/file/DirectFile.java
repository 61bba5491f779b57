package org.kiobd.store.file;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.concurrent.atomic.LongAdder;
import org.kiobd.store.CacheMode;
import org.kiobd.store.MemberOp;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.kiobd.volume.kiobuf.AlignedMemory;

/**
 * A second descriptor of an open file, for I/O that bypasses the page cache (O_DIRECT), with its alignment requirements and the guards of
 * its blocks. Shared by the ports of all loops; owned by the {@link OpenFile}, which closes it once. Any thread.
 */
final class DirectFile {
    /** Alignment that suits all known devices and file systems, used if the kernel does not report one. */
    private static final int SAFE_BYTES = AlignedMemory.ALIGNMENT_BYTES;

    private static final int SECTOR_BYTES = 512;

    private final int fd;
    private final int blockBytes;
    private final int memoryBytes;
    private final WriteGuards guards = new WriteGuards();
    private final LongAdder bouncedOps = new LongAdder();
    private final LongAdder patchedBlocks = new LongAdder();

    private DirectFile(int fd, Needs needs) {
        this.fd = fd;
        this.blockBytes = needs.blockBytes;
        this.memoryBytes = needs.memoryBytes;
    }

    /** Required alignment: {@code blockBytes} of file offsets and lengths, {@code memoryBytes} of addresses. */
    private record Needs(int blockBytes, int memoryBytes) {}

    /**
     * Opens the file of {@code bufferedFd} a second time, even if its path names another file by now.
     *
     * @param path for messages only
     * @throws BlockIoException if the file system does not support O_DIRECT; nothing was changed
     */
    static DirectFile open(Path path, int bufferedFd, boolean readOnly) throws BlockIoException {
        int access = readOnly ? Libc.O_RDONLY : Libc.O_RDWR;
        String same = "/proc/self/fd/" + bufferedFd;
        int fd;
        do {
            fd = Libc.open(same, access | Libc.O_DIRECT | Libc.O_CLOEXEC, 0);
        } while (fd < 0 && Libc.errno() == Errno.EINTR);
        if (fd < 0) {
            int errno = Libc.errno();
            throw errno == Errno.EINVAL ? refusal(path) : FileMemberStoreProvider.failure(path, errno);
        }
        try {
            return new DirectFile(fd, needs(path, fd));
        } catch (BlockIoException e) {
            Libc.close(fd);
            throw e;
        }
    }

    private static BlockIoException refusal(Path path) {
        return new BlockIoException(
                IoError.NOT_SUPPORTED,
                path + ": cache=" + CacheMode.NONE + " needs a file system that can read and write past the page cache"
                        + " (O_DIRECT), and this one cannot; nothing was changed; serve it without --cache, or move it to"
                        + " ext4, xfs or btrfs");
    }

    /** Returns the alignment that statx(2) reports, since Linux 6.1; without a report tries whether a read of one sector succeeds. */
    private static Needs needs(Path path, int fd) throws BlockIoException {
        ByteBuffer statx = ByteBuffer.allocateDirect(Libc.STATX_BYTES).order(ByteOrder.nativeOrder());
        long address = FileMemberStoreProvider.addressOf(statx);
        boolean told = Libc.statx(fd, "", Libc.AT_EMPTY_PATH, Libc.STATX_DIOALIGN, address) == 0
                && (statx.getInt(0) & Libc.STATX_DIOALIGN) != 0;
        if (!told) {
            int bytes = takesSectors(fd) ? SECTOR_BYTES : SAFE_BYTES;
            return new Needs(bytes, bytes);
        }
        int memoryBytes = statx.getInt(Libc.STATX_DIO_MEM_ALIGN_OFFSET);
        int blockBytes = statx.getInt(Libc.STATX_DIO_OFFSET_ALIGN_OFFSET);
        if (Integer.bitCount(memoryBytes) != 1
                || Integer.bitCount(blockBytes) != 1
                || memoryBytes > AlignedMemory.ALIGNMENT_BYTES
                || blockBytes > BouncedOp.PIECE_BYTES) {
            throw refusal(path);
        }
        return new Needs(blockBytes, memoryBytes);
    }

    private static boolean takesSectors(int fd) {
        ByteBuf memory = AlignedMemory.allocate(2 * SECTOR_BYTES);
        try {
            return Libc.pread(fd, memory.memoryAddress() + SECTOR_BYTES, SECTOR_BYTES, SECTOR_BYTES) == SECTOR_BYTES;
        } finally {
            memory.release();
        }
    }

    int fd() {
        return fd;
    }

    /** Returns the alignment of file offsets and lengths; a power of two. */
    int blockBytes() {
        return blockBytes;
    }

    /** Returns the alignment of addresses; a power of two. */
    int memoryBytes() {
        return memoryBytes;
    }

    WriteGuards guards() {
        return guards;
    }

    /** Rounds {@code offsetBytes} down to the start of a block. */
    long floor(long offsetBytes) {
        return offsetBytes & -(long) blockBytes;
    }

    /** Rounds {@code offsetBytes} up to the start of a block. */
    long ceil(long offsetBytes) {
        return floor(offsetBytes + blockBytes - 1);
    }

    /** Returns whether {@code op} covers whole blocks only. */
    boolean isWhole(MemberOp op) {
        return ((op.offsetBytes() | op.lengthBytes()) & (blockBytes - 1)) == 0;
    }

    /** Returns whether {@code op}, a READ or WRITE, is aligned, so that direct I/O can use its own memory. */
    boolean takes(MemberOp op) {
        boolean takes = isWhole(op);
        for (int i = 0; i < op.entries() && takes; i++) {
            ByteBuf memory = op.memory(i);
            takes = (op.entryLengthBytes(i) & (blockBytes - 1)) == 0
                    && memory.hasMemoryAddress()
                    && (memory.memoryAddress() + op.memoryOffsetBytes(i) & (memoryBytes - 1)) == 0;
        }
        return takes;
    }

    /** Counts operations that used bounce memory. */
    LongAdder bouncedOps() {
        return bouncedOps;
    }

    /** Counts blocks that were read because a WRITE covered only a part of them. */
    LongAdder patchedBlocks() {
        return patchedBlocks;
    }

    void close() {
        Libc.close(fd);
    }
}
