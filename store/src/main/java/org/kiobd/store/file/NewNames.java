package org.kiobd.store.file;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Renames files without replacing existing ones. Stateless. */
final class NewNames {
    private NewNames() {}

    /**
     * Renames a file; never replaces an existing one. Uses a hard link, or renameat2(2) where the file system has no hard links, e.g. FAT.
     * Both are atomic. Only where a file system has neither, e.g. some network file systems, another process could make {@code to} between
     * the check and the rename, and that file would be replaced.
     *
     * @throws FileAlreadyExistsException if {@code to} exists; neither file was touched
     */
    static void give(Path from, Path to) throws IOException {
        try {
            // Creating a hard link fails if the name exists; a rename would replace the file.
            Files.createLink(to, from);
            Files.delete(from);
        } catch (FileAlreadyExistsException e) {
            throw e;
        } catch (FileSystemException | UnsupportedOperationException e) {
            if (!renameIfFree(from, to)) {
                requireFree(to);
                Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
            }
        }
    }

    /**
     * Renames a file in one step, unless {@code to} exists.
     *
     * @return false if this kernel or file system cannot do that; nothing was changed
     * @throws FileAlreadyExistsException if {@code to} exists; neither file was touched
     */
    static boolean renameIfFree(Path from, Path to) throws IOException {
        if (Libc.renameat2(Libc.AT_FDCWD, from.toString(), Libc.AT_FDCWD, to.toString(), Libc.RENAME_NOREPLACE) == 0) {
            return true;
        }
        int errno = Libc.errno();
        if (errno == Errno.EEXIST) {
            throw new FileAlreadyExistsException(to.toString());
        }
        if (errno == Errno.EINVAL || errno == Errno.ENOSYS || errno == Errno.EOPNOTSUPP) {
            return false;
        }
        throw new FileSystemException(from.toString(), to.toString(), Errno.describe(errno));
    }

    private static void requireFree(Path to) throws FileAlreadyExistsException {
        if (Files.exists(to, LinkOption.NOFOLLOW_LINKS)) {
            throw new FileAlreadyExistsException(to.toString());
        }
    }
}
