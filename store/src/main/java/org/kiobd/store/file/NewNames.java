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
     * Renames a file; never replaces an existing one.
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
            // FAT and some network file systems have no hard links; there check and rename are not atomic.
            if (Files.exists(to, LinkOption.NOFOLLOW_LINKS)) {
                throw new FileAlreadyExistsException(to.toString());
            }
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        }
    }
}
