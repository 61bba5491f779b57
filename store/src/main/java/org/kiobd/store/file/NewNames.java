package org.kiobd.store.file;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** Gives files names that nothing has yet. Stateless. */
final class NewNames {
    private NewNames() {}

    /**
     * Renames a file, and never replaces anything.
     *
     * @throws FileAlreadyExistsException if something is called {@code to}; neither was touched
     */
    static void give(Path from, Path to) throws IOException {
        try {
            // A hard link fails where something is; a rename would replace it.
            Files.createLink(to, from);
            Files.delete(from);
        } catch (FileAlreadyExistsException e) {
            throw e;
        } catch (FileSystemException | UnsupportedOperationException e) {
            // FAT and some network file systems have no hard links.
            if (Files.exists(to, LinkOption.NOFOLLOW_LINKS)) {
                throw new FileAlreadyExistsException(to.toString());
            }
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        }
    }
}
