package org.kiobd.manage.control;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** A temporary folder that only its owner may enter, with a path short enough for a socket in it. Any thread. */
public final class PrivateFolder {
    private final Path path;

    private PrivateFolder(Path path) {
        this.path = path;
    }

    public static PrivateFolder make() throws IOException {
        return new PrivateFolder(Files.createTempDirectory(
                "kiobd-", PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))));
    }

    public Path path() {
        return path;
    }

    /** Removes the folder, which must be empty. */
    public void remove() throws IOException {
        Files.deleteIfExists(path);
    }
}
