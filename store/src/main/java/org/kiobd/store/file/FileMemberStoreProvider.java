package org.kiobd.store.file;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.CacheMode;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberStoreProvider;
import org.kiobd.store.MemberUri;
import org.kiobd.store.OpenOptions;
import org.kiobd.store.format.Superblock;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * Creates, opens and deletes {@code file:} members. Requires Linux, because most of the system calls it needs are not available in Java. A
 * block device can be opened, e.g. as a raw image, but not created as a member, grown or deleted. Owns what its members share ({@link
 * FileRuntime}). Any thread.
 */
public final class FileMemberStoreProvider implements MemberStoreProvider {
    private static final int OWNER_ONLY = 0600;
    private static final int HIGHEST_STANDARD_FD = 2;

    /** System property with the reason why the native libraries have no folder, set at start-up if there is one. */
    private static final String NO_NATIVES = "kiobd.natives.failure";

    private final FileRuntime runtime;

    /** Creates the provider of a server or command. */
    public FileMemberStoreProvider() {
        this(FileTuning.DEFAULT);
    }

    /** Creates a provider whose members work with these numbers: for tests and benchmarks. */
    public FileMemberStoreProvider(FileTuning tuning) {
        this.runtime = new FileRuntime(tuning, new DirtyRoom());
    }

    @Override
    public String scheme() {
        return "file";
    }

    @Override
    public MemberStore create(MemberUri uri, long sizeBytes) throws BlockIoException {
        Path path = path(uri);
        if (!Files.isDirectory(folderOf(path))) {
            throw failure(folderOf(path), Errno.ENOENT);
        }
        int fd = open(path, Libc.O_RDWR | Libc.O_CREAT | Libc.O_EXCL);
        OpenFile file = openFile(fd, null, Superblock.DATA_OFFSET_BYTES, OpenFile.Kind.REGULAR, OpenOptions.of(false));
        FileMemberStore store = new FileMemberStore(uri, file, 0, runtime);
        try {
            MemberLock.lock(path, fd, false);
            store.resize(sizeBytes);
            syncFolder(path);
            return store;
        } catch (BlockIoException e) {
            try {
                Files.deleteIfExists(path);
            } catch (IOException unremoved) {
                e.addSuppressed(unremoved);
            }
            Libc.close(fd);
            throw e;
        }
    }

    @Override
    public MemberStore open(MemberUri uri, boolean readOnly) throws BlockIoException {
        return open(uri, OpenOptions.of(readOnly));
    }

    @Override
    public MemberStore open(MemberUri uri, OpenOptions options) throws BlockIoException {
        return open(uri, options, Superblock.DATA_OFFSET_BYTES);
    }

    @Override
    public MemberStore openRaw(MemberUri uri, boolean readOnly) throws BlockIoException {
        return openRaw(uri, OpenOptions.of(readOnly));
    }

    @Override
    public MemberStore openRaw(MemberUri uri, OpenOptions options) throws BlockIoException {
        return open(uri, options, 0);
    }

    private MemberStore open(MemberUri uri, OpenOptions options, long dataOffsetBytes) throws BlockIoException {
        Path path = path(uri);
        boolean readOnly = options.readOnly();
        boolean past = options.cache() == CacheMode.NONE;
        OpenFile.Kind kind = kindOf(path);
        int flags = readOnly ? Libc.O_RDONLY : Libc.O_RDWR;
        if (kind == OpenFile.Kind.BLOCK_DEVICE && !readOnly) {
            // Without O_CREAT, open(2) of a block device fails with EBUSY if the device is mounted or in use by the
            // kernel.
            flags |= Libc.O_EXCL;
        }
        int fd = open(path, flags);
        try {
            MemberLock.lock(path, fd, readOnly);
            long fileBytes = Libc.lseek(fd, 0, Libc.SEEK_END);
            if (fileBytes < 0) {
                throw failure(path, Libc.errno());
            }
            DirectFile direct = past ? DirectFile.open(path, fd, readOnly) : null;
            OpenFile file = openFile(fd, direct, dataOffsetBytes, kind, options);
            return new FileMemberStore(uri, file, fileBytes, runtime);
        } catch (BlockIoException e) {
            Libc.close(fd);
            throw e;
        }
    }

    private OpenFile openFile(
            int fd, @Nullable DirectFile direct, long dataOffsetBytes, OpenFile.Kind kind, OpenOptions options) {
        return new OpenFile(
                fd, direct, dataOffsetBytes, kind, options, runtime.threads().executor());
    }

    static Path path(MemberUri uri) throws BlockIoException {
        if (uri.location().isEmpty()) {
            throw new BlockIoException(IoError.INVALID, "member=" + uri + " names no file; say file:PATH");
        }
        try {
            return Path.of(uri.location()).toAbsolutePath();
        } catch (InvalidPathException e) {
            throw new BlockIoException(IoError.INVALID, "member=" + uri + " is no path: " + e.getReason(), e);
        }
    }

    private static Path folderOf(Path path) {
        return Objects.requireNonNullElse(path.getParent(), path);
    }

    /** Returns the kind of file at {@code path}. Called before the open, because an open of a FIFO would wait for its other end. */
    private static OpenFile.Kind kindOf(Path path) throws BlockIoException {
        ByteBuffer statx = ByteBuffer.allocateDirect(Libc.STATX_BYTES).order(ByteOrder.nativeOrder());
        requireLibc(path);
        if (Libc.statx(Libc.AT_FDCWD, path.toString(), 0, Libc.STATX_TYPE, addressOf(statx)) != 0) {
            throw failure(path, Libc.errno());
        }
        return switch (statx.getShort(Libc.STATX_MODE_OFFSET) & Libc.S_IFMT) {
            case Libc.S_IFREG -> OpenFile.Kind.REGULAR;
            case Libc.S_IFBLK -> OpenFile.Kind.BLOCK_DEVICE;
            case Libc.S_IFDIR -> throw failure(path, Errno.EISDIR);
            default ->
                throw new BlockIoException(IoError.INVALID, path + " is neither a file nor a block device; name one");
        };
    }

    static long addressOf(ByteBuffer direct) {
        return Pointer.nativeValue(Native.getDirectBufferPointer(direct));
    }

    private static void requireLibc(Path path) throws BlockIoException {
        try {
            Libc.load();
        } catch (LinkageError e) {
            throw new BlockIoException(
                    IoError.NOT_SUPPORTED,
                    path + ": file members need Linux's own calls, and they cannot be reached here: "
                            + System.getProperty(NO_NATIVES, SystemErrors.describe(e)),
                    e);
        }
    }

    static int open(Path path, int flags) throws BlockIoException {
        requireLibc(path);
        while (true) {
            int fd = Libc.open(path.toString(), flags | Libc.O_CLOEXEC, OWNER_ONLY);
            if (fd > HIGHEST_STANDARD_FD) {
                return fd;
            }
            if (fd >= 0) {
                return awayFromStandard(path, fd);
            }
            int errno = Libc.errno();
            if (errno != Errno.EINTR) {
                throw failure(path, errno);
            }
        }
    }

    /**
     * Moves a descriptor to a number above 2, because output to stdout or stderr would be written into the file. A number up to 2 is free
     * if the process was started without standard streams, or after Java failed to start a child process for lack of descriptors: Java
     * then closes 0 and 1.
     */
    private static int awayFromStandard(Path path, int fd) throws BlockIoException {
        int moved = Libc.fcntl(fd, Libc.F_DUPFD_CLOEXEC, HIGHEST_STANDARD_FD + 1L);
        int errno = Libc.errno();
        Libc.close(fd);
        if (moved < 0) {
            throw failure(path, errno);
        }
        return moved;
    }

    static void syncFolder(Path path) throws BlockIoException {
        Path folder = folderOf(path);
        int fd = open(folder, Libc.O_RDONLY | Libc.O_DIRECTORY);
        try {
            if (Libc.fsync(fd) != 0) {
                throw failure(folder, Libc.errno());
            }
        } finally {
            Libc.close(fd);
        }
    }

    static BlockIoException failure(Path path, int errno) {
        return new BlockIoException(Errno.toIoError(errno), path + " " + Errno.describe(errno));
    }

    @Override
    public boolean exists(MemberUri uri) {
        try {
            return Files.exists(path(uri));
        } catch (BlockIoException e) {
            return false;
        }
    }

    @Override
    public boolean isTaken(MemberUri uri) {
        try {
            // A dangling symbolic link occupies the location, too.
            return Files.exists(path(uri), LinkOption.NOFOLLOW_LINKS);
        } catch (BlockIoException e) {
            return false;
        }
    }

    @Override
    public void requireUnused(MemberUri uri) throws BlockIoException {
        Path path = path(uri);
        if (!Files.isRegularFile(path)) {
            return;
        }
        int fd = open(path, Libc.O_RDWR);
        try {
            MemberLock.lock(path, fd, false);
        } finally {
            Libc.close(fd);
        }
    }

    @Override
    public boolean canRename() {
        return true;
    }

    @Override
    public void rename(MemberUri from, MemberUri to) throws BlockIoException {
        Path source = path(from);
        Path target = path(to);
        try {
            NewNames.give(source, target);
            syncFolder(target);
        } catch (BlockIoException e) {
            throw e;
        } catch (FileAlreadyExistsException e) {
            throw new BlockIoException(
                    IoError.INVALID, target + " exists already; it was not touched; choose another path", e);
        } catch (IOException e) {
            throw new BlockIoException(IoError.IO, target + ": cannot be made: " + e.getMessage(), e);
        }
    }

    @Override
    public long allocatedBytes(MemberUri uri) throws BlockIoException {
        Path path = path(uri);
        requireLibc(path);
        long bytes = OpenFile.allocatedBytes(Libc.AT_FDCWD, path.toString(), 0);
        if (bytes < 0) {
            BlockIoException failure = failure(path, Libc.errno());
            if (!failure.error().isDamage()) {
                throw failure;
            }
        }
        return bytes;
    }

    @Override
    public long exclusiveBytes(MemberUri uri) {
        try {
            int fd = open(path(uri), Libc.O_RDONLY);
            try {
                return SharedBlocks.exclusiveBytes(fd);
            } finally {
                Libc.close(fd);
            }
        } catch (BlockIoException e) {
            return -1;
        }
    }

    /** Deletes links that {@link #delete} left behind when a crash came after the deletion of the member. */
    private static void deleteDangling(Path path) throws BlockIoException {
        try {
            deleteLinks(path);
        } catch (BlockIoException e) {
            throw e;
        } catch (IOException e) {
            throw new BlockIoException(IoError.IO, path + ": cannot delete the link: " + e, e);
        }
    }

    /** Deletes {@code path} and every link that it leads to, if it is a dangling symbolic link. */
    public static void deleteLinks(Path path) throws IOException {
        Path next = path;
        while (Files.isSymbolicLink(next) && !Files.exists(next)) {
            Path link = next;
            next = link.resolveSibling(Files.readSymbolicLink(link));
            Files.delete(link);
            syncFolder(link);
        }
    }

    @Override
    public void delete(MemberUri uri) throws BlockIoException {
        Path path = path(uri);
        if (!Files.exists(path)) {
            deleteDangling(path);
            return;
        }
        if (kindOf(path) != OpenFile.Kind.REGULAR) {
            throw new BlockIoException(IoError.INVALID, path + " is a block device; it was not deleted");
        }
        int fd = open(path, Libc.O_RDWR);
        try {
            // The lock fails if the member is in use; it is held until the name is gone.
            MemberLock.lock(path, fd, false);
            // Delete the target of a link before the link: a crash in between leaves a dangling link, which the next
            // delete removes.
            Path target = path.toRealPath();
            Files.deleteIfExists(target);
            syncFolder(target);
            deleteLinks(path);
        } catch (BlockIoException e) {
            throw e;
        } catch (IOException e) {
            throw SystemErrors.failure(path + ": cannot delete it", e);
        } finally {
            Libc.close(fd);
        }
    }

    @Override
    public void close() {
        runtime.close();
    }
}
