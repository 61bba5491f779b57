package org.kiobd.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/** A folder among the temporary ones that only its owner may enter. */
final class PrivateFolder {
    private final Path path;

    private PrivateFolder(Path path) {
        this.path = path;
    }

    static PrivateFolder make() throws BlockIoException {
        try {
            return new PrivateFolder(Files.createTempDirectory(
                    "kiobd-", PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))));
        } catch (IOException e) {
            throw new BlockIoException(IoError.IO, "cannot make a temporary folder: " + e.getMessage(), e);
        }
    }

    Path path() {
        return path;
    }

    /** It is empty by now. */
    void remove() throws IOException {
        Files.deleteIfExists(path);
    }
}
