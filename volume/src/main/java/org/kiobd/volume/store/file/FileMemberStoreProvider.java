package org.kiobd.volume.store.file;

import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.kiobd.volume.format.Superblock;
import org.kiobd.volume.store.MemberStore;
import org.kiobd.volume.store.MemberStoreProvider;
import org.kiobd.volume.store.MemberUri;

/** Makes and opens {@code file:} members. Needs Linux: what it does beyond reading and writing has no call in Java. Any thread. */
public final class FileMemberStoreProvider implements MemberStoreProvider {
    private static final int OWNER_ONLY = 0600;
    private static final int FLOCK_BYTES = 32;

    @Override
    public String scheme() {
        return "file";
    }

    @Override
    public MemberStore create(MemberUri uri, long sizeBytes) throws BlockIoException {
        Path path = path(uri);
        int fd = open(path, Libc.O_RDWR | Libc.O_CREAT | Libc.O_EXCL);
        OpenFile file = new OpenFile(fd, Superblock.DATA_OFFSET_BYTES, false);
        FileMemberStore store = new FileMemberStore(uri, file, 0);
        try {
            lock(path, fd, false);
            store.resize(sizeBytes);
            syncFolder(path);
            return store;
        } catch (BlockIoException e) {
            Libc.close(fd);
            try {
                Files.deleteIfExists(path);
            } catch (IOException unremoved) {
                e.addSuppressed(unremoved);
            }
            throw e;
        }
    }

    @Override
    public MemberStore open(MemberUri uri, boolean readOnly) throws BlockIoException {
        return open(uri, readOnly, Superblock.DATA_OFFSET_BYTES);
    }

    @Override
    public MemberStore openRaw(MemberUri uri, boolean readOnly) throws BlockIoException {
        return open(uri, readOnly, 0);
    }

    private static MemberStore open(MemberUri uri, boolean readOnly, long dataOffsetBytes) throws BlockIoException {
        Path path = path(uri);
        if (Files.isDirectory(path)) {
            throw failure(path, Errno.EISDIR);
        }
        int fd = open(path, readOnly ? Libc.O_RDONLY : Libc.O_RDWR);
        try {
            lock(path, fd, readOnly);
            long fileBytes = Libc.lseek(fd, 0, Libc.SEEK_END);
            if (fileBytes < 0) {
                throw failure(path, Libc.errno());
            }
            return new FileMemberStore(uri, new OpenFile(fd, dataOffsetBytes, readOnly), fileBytes);
        } catch (BlockIoException e) {
            Libc.close(fd);
            throw e;
        }
    }

    private static Path path(MemberUri uri) throws BlockIoException {
        if (uri.location().isEmpty()) {
            throw new BlockIoException(IoError.INVALID, "member=" + uri + " names no file; say file:PATH");
        }
        return Path.of(uri.location()).toAbsolutePath();
    }

    private static int open(Path path, int flags) throws BlockIoException {
        try {
            while (true) {
                int fd = Libc.open(path.toString(), flags | Libc.O_CLOEXEC, OWNER_ONLY);
                if (fd >= 0) {
                    return fd;
                }
                int errno = Libc.errno();
                if (errno != Errno.EINTR) {
                    throw failure(path, errno);
                }
            }
        } catch (LinkageError e) {
            throw new BlockIoException(
                    IoError.NOT_SUPPORTED,
                    path + ": file members need Linux's own calls, and they cannot be reached here: " + e.getMessage(),
                    e);
        }
    }

    /** An open file description lock: unlike a POSIX lock it is not lost when this process closes another descriptor of the file. */
    private static void lock(Path path, int fd, boolean shared) throws BlockIoException {
        ByteBuffer flock = ByteBuffer.allocateDirect(FLOCK_BYTES).order(ByteOrder.nativeOrder());
        flock.putShort(0, shared ? Libc.F_RDLCK : Libc.F_WRLCK);
        if (Libc.fcntl(fd, Libc.F_OFD_SETLK, Pointer.nativeValue(Native.getDirectBufferPointer(flock))) != 0) {
            int errno = Libc.errno();
            if (errno == Errno.EAGAIN || errno == Errno.EACCES) {
                throw new BlockIoException(
                        IoError.NOT_PERMITTED,
                        path + " is in use by another server; it was not touched; stop that server first");
            }
            throw failure(path, errno);
        }
    }

    private static void syncFolder(Path path) throws BlockIoException {
        Path folder = Objects.requireNonNull(path.getParent(), "a file has a folder");
        int fd = open(folder, Libc.O_RDONLY | Libc.O_DIRECTORY);
        try {
            if (Libc.fsync(fd) != 0) {
                throw failure(folder, Libc.errno());
            }
        } finally {
            Libc.close(fd);
        }
    }

    private static BlockIoException failure(Path path, int errno) {
        return new BlockIoException(Errno.toIoError(errno), path + " " + Errno.describe(errno));
    }

    @Override
    public boolean exists(MemberUri uri) {
        return Files.exists(Path.of(uri.location()));
    }

    @Override
    public long allocatedBytes(MemberUri uri) {
        return Files.exists(Path.of(uri.location())) ? OpenFile.allocatedBytes(Libc.AT_FDCWD, uri.location(), 0) : -1;
    }

    @Override
    public void delete(MemberUri uri) throws BlockIoException {
        Path path = path(uri);
        if (!Files.exists(path)) {
            return;
        }
        // Opened first: the lock tells whether somebody uses it.
        open(uri, false).close();
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new BlockIoException(IoError.IO, path + ": cannot delete it: " + e.getMessage(), e);
        }
    }
}
