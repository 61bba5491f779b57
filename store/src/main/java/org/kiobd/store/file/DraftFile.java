package org.kiobd.store.file;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * A file that gets its name when it is complete. Until then it has no name ({@code O_TMPFILE}), so no part of it remains however its
 * process ends; on file systems without O_TMPFILE it has a hidden name that ends in {@code .partial}. It never replaces an existing file.
 * Used by one thread, which must always close it.
 */
public final class DraftFile implements AutoCloseable {
    private final Path target;
    private final int fd;
    private @Nullable Path named;

    private DraftFile(Path target, int fd, @Nullable Path named) {
        this.target = target;
        this.fd = fd;
        this.named = named;
    }

    /**
     * Creates a file that only its owner may read.
     *
     * @param target final name of the file, an absolute path
     * @param sizeBytes size of the file, which reads as zeros
     * @throws BlockIoException if {@code target} exists or the file cannot be created; nothing was touched
     */
    public static DraftFile make(Path target, long sizeBytes) throws BlockIoException {
        if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
            throw exists(target, null);
        }
        Path folder = Objects.requireNonNull(target.getParent(), "a file has a folder");
        DraftFile draft = make(target, folder);
        if (Libc.ftruncate(draft.fd, sizeBytes) != 0) {
            int errno = Libc.errno();
            draft.close();
            throw FileMemberStoreProvider.failure(target, errno);
        }
        return draft;
    }

    private static DraftFile make(Path target, Path folder) throws BlockIoException {
        try {
            return new DraftFile(
                    target,
                    FileMemberStoreProvider.open(folder, Libc.O_RDWR | Libc.O_DIRECTORY | Libc.O_TMPFILE),
                    null);
        } catch (BlockIoException e) {
            if (!Files.isDirectory(folder)) {
                throw e;
            }
            Path named = folder.resolve("." + target.getFileName() + "." + UUID.randomUUID() + ".partial");
            int fd = FileMemberStoreProvider.open(named, Libc.O_RDWR | Libc.O_CREAT | Libc.O_EXCL);
            return new DraftFile(target, fd, named);
        }
    }

    /** Returns the path at which this process can open the file before it has its name. */
    public Path path() {
        return named != null ? named : Path.of("/proc/self/fd/" + fd);
    }

    /**
     * Syncs the file and gives it its name; both are durable when the method returns.
     *
     * @throws BlockIoException if the name is in use by now; the file with that name was not touched
     */
    public void publish() throws BlockIoException {
        if (Libc.fsync(fd) != 0) {
            throw FileMemberStoreProvider.failure(target, Libc.errno());
        }
        if (named == null) {
            if (Libc.linkat(Libc.AT_FDCWD, path().toString(), Libc.AT_FDCWD, target.toString(), Libc.AT_SYMLINK_FOLLOW)
                    != 0) {
                int errno = Libc.errno();
                throw errno == Errno.EEXIST ? exists(target, null) : FileMemberStoreProvider.failure(target, errno);
            }
        } else {
            publish(named);
        }
        FileMemberStoreProvider.syncFolder(target);
    }

    private void publish(Path from) throws BlockIoException {
        try {
            NewNames.give(from, target);
            named = null;
        } catch (FileAlreadyExistsException e) {
            throw exists(target, e);
        } catch (IOException e) {
            throw new BlockIoException(IoError.IO, target + " cannot be made: " + e.getMessage(), e);
        }
    }

    private static BlockIoException exists(Path target, @Nullable Exception cause) {
        String text = target + " exists and was not touched; remove it, or choose another name";
        return cause == null
                ? new BlockIoException(IoError.INVALID, text)
                : new BlockIoException(IoError.INVALID, text, cause);
    }

    /** Closes the file and, if it was not published, deletes it. */
    @Override
    public void close() throws BlockIoException {
        Libc.close(fd);
        if (named != null) {
            try {
                Files.deleteIfExists(named);
            } catch (IOException e) {
                throw new BlockIoException(IoError.IO, named + " is not whole; remove it: " + e.getMessage(), e);
            }
        }
    }
}
