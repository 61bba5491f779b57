package org.kiobd.store.file;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.CacheMode;
import org.kiobd.store.MemberCapabilities;
import org.kiobd.store.MemberCapability;
import org.kiobd.store.MemberCopy;
import org.kiobd.store.MemberPort;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberUri;
import org.kiobd.store.StoreFigures;
import org.kiobd.store.format.Superblock;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.kiobd.volume.loop.IoLoop;

/**
 * A member in a file: the superblock copies are at 0 and at 512 KiB, the data begins at 1 MiB; in a raw image it begins at the first byte.
 * The descriptor holds the lock that keeps other servers out; the kernel releases the lock when the process dies.
 */
public final class FileMemberStore implements MemberStore {
    private static final long[] SUPERBLOCK_OFFSET_BYTES = {0, Superblock.DATA_OFFSET_BYTES / 2};
    private static final MemberCapabilities FILE_CAPABILITIES = MemberCapabilities.of(
            MemberCapability.TRIM,
            MemberCapability.WRITE_ZEROES,
            MemberCapability.FAST_ZERO,
            MemberCapability.EXTENTS,
            MemberCapability.PAGE_CACHE,
            MemberCapability.RESIZE,
            MemberCapability.DURABLE_FLUSH);
    private static final MemberCapabilities DEVICE_CAPABILITIES = MemberCapabilities.of(
            MemberCapability.TRIM,
            MemberCapability.WRITE_ZEROES,
            MemberCapability.PAGE_CACHE,
            MemberCapability.DURABLE_FLUSH);

    private final MemberUri uri;
    private final OpenFile file;
    private final @Nullable DirectFile direct;
    private final FileRuntime runtime;
    private final MemberCapabilities capabilities;
    private final AtomicBoolean closed = new AtomicBoolean();

    /**
     * Takes {@code file}.
     *
     * @param fileBytes current size of the file
     * @param runtime borrowed until this store is closed
     */
    FileMemberStore(MemberUri uri, OpenFile file, long fileBytes, FileRuntime runtime) {
        this.uri = uri;
        this.file = file;
        this.direct = file.direct();
        this.runtime = runtime;
        this.capabilities = capabilities(file, direct);
        file.end().promise(uri.location(), fileBytes);
    }

    private static MemberCapabilities capabilities(OpenFile file, @Nullable DirectFile direct) {
        MemberCapabilities known = file.kind() == OpenFile.Kind.REGULAR ? FILE_CAPABILITIES : DEVICE_CAPABILITIES;
        if (file.cacheMode() == CacheMode.UNSAFE) {
            known = known.without(MemberCapability.DURABLE_FLUSH);
        }
        return direct == null
                ? known
                : known.without(MemberCapability.PAGE_CACHE)
                        .withBlockBytes(direct.blockBytes())
                        .withMemoryAlignmentBytes(direct.memoryBytes());
    }

    @Override
    public MemberUri uri() {
        return uri;
    }

    @Override
    public MemberCapabilities capabilities() {
        return capabilities;
    }

    @Override
    public CacheMode cacheMode() {
        return file.cacheMode();
    }

    @Override
    public StoreFigures figures() {
        return direct == null
                ? StoreFigures.NONE
                : new StoreFigures.Direct(
                        direct.bouncedOps().sum(), direct.patchedBlocks().sum());
    }

    @Override
    public long sizeBytes() {
        return Math.max(0, file.end().promisedBytes() - file.dataOffsetBytes());
    }

    @Override
    public boolean isReadOnly() {
        return file.isReadOnly();
    }

    @Override
    public MemberPort port(IoLoop loop) {
        return new FilePort(file, loop, runtime);
    }

    private boolean isRaw() {
        return file.dataOffsetBytes() == 0;
    }

    @Override
    public byte @Nullable [] readSuperblock(int copy) throws BlockIoException {
        if (isRaw()) {
            return null;
        }
        ByteBuffer buffer = ByteBuffer.allocateDirect(SUPERBLOCK_BYTES);
        long doneBytes = 0;
        while (doneBytes < SUPERBLOCK_BYTES) {
            long moved = Libc.pread(
                    file.fd(),
                    addressOf(buffer) + doneBytes,
                    SUPERBLOCK_BYTES - doneBytes,
                    SUPERBLOCK_OFFSET_BYTES[copy] + doneBytes);
            if (moved < 0) {
                retryOrThrow("cannot read its superblock");
            } else if (moved == 0) {
                break;
            } else {
                doneBytes += moved;
            }
        }
        byte[] bytes = new byte[SUPERBLOCK_BYTES];
        buffer.get(bytes);
        return bytes;
    }

    @Override
    public void writeSuperblock(int copy, byte[] bytes) throws BlockIoException {
        if (isRaw() || bytes.length != SUPERBLOCK_BYTES) {
            throw new IllegalArgumentException(uri + ": no superblock of " + bytes.length + " bytes goes here");
        }
        ByteBuffer buffer = ByteBuffer.allocateDirect(SUPERBLOCK_BYTES);
        buffer.put(bytes);
        // Works after an earlier failed sync, too: all bytes of this copy are written now, so this sync proves them
        // durable.
        throwFailed(file.syncRounds().writeAndSync(() -> writeSuperblock(copy, buffer)));
    }

    private void writeSuperblock(int copy, ByteBuffer buffer) throws BlockIoException {
        long doneBytes = 0;
        while (doneBytes < SUPERBLOCK_BYTES) {
            long moved = Libc.pwrite(
                    file.fd(),
                    addressOf(buffer) + doneBytes,
                    SUPERBLOCK_BYTES - doneBytes,
                    SUPERBLOCK_OFFSET_BYTES[copy] + doneBytes);
            if (moved < 0) {
                retryOrThrow("cannot write its superblock");
            } else {
                doneBytes += moved;
            }
        }
    }

    private static long addressOf(ByteBuffer direct) {
        return Pointer.nativeValue(Native.getDirectBufferPointer(direct));
    }

    private void retryOrThrow(String what) throws BlockIoException {
        int errno = Libc.errno();
        if (!Errno.isTransient(errno)) {
            throw failure(errno, what);
        }
    }

    private BlockIoException failure(int errno, String what) {
        return new BlockIoException(
                Errno.toIoError(errno), uri.location() + ": " + what + ": " + Errno.describe(errno));
    }

    private void sync() throws BlockIoException {
        throwFailed(file.syncRounds().now());
    }

    private void throwFailed(int errno) throws BlockIoException {
        if (errno != 0) {
            throw failure(errno, "a sync failed, so what was written last may be lost");
        }
    }

    @Override
    public void resize(long newSizeBytes) throws BlockIoException {
        if (file.kind() == OpenFile.Kind.BLOCK_DEVICE) {
            throw new BlockIoException(
                    IoError.NOT_SUPPORTED,
                    uri.location() + ": a block device cannot be resized from here; nothing was changed");
        }
        long newFileBytes = file.dataOffsetBytes() + newSizeBytes;
        FileEnd end = file.end();
        // After a truncation, growing the file would hide the loss.
        throwFailed(end.check());
        if (newFileBytes < end.promisedBytes()) {
            end.promise(uri.location(), newFileBytes);
        }
        while (Libc.ftruncate(file.fd(), newFileBytes) != 0) {
            retryOrThrow("cannot make it " + newFileBytes + " bytes long");
        }
        sync();
        end.promise(uri.location(), newFileBytes);
    }

    @Override
    public boolean hasFailedSync() {
        return file.syncRounds().hasFailed();
    }

    @Override
    public long allocatedBytes() {
        return file.kind() == OpenFile.Kind.REGULAR ? file.allocatedBytes() : -1;
    }

    @Override
    public long submittedOps() {
        return file.submittedOps().sum();
    }

    @Override
    public MemberCopy copyTo(MemberUri target) throws BlockIoException {
        if (isRaw()) {
            throw new BlockIoException(
                    IoError.NOT_SUPPORTED,
                    uri.location() + " is a raw image; only members of volumes support snapshots");
        }
        return FileCopy.begin(file, Path.of(uri.location()), FileMemberStoreProvider.path(target));
    }

    @Override
    public void close() throws BlockIoException {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        try {
            if (!file.isReadOnly()) {
                sync();
            }
        } finally {
            file.close();
        }
    }
}
