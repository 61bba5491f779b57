package org.kiobd.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file of {@code --pidfile}. It appears atomically once clients can connect. An orderly shutdown removes it, unless it holds the id of
 * another process by then. Used by one thread at a time.
 */
final class PidFile {
    private static final Logger LOG = LoggerFactory.getLogger(PidFile.class);
    private static final String PID = String.valueOf(ProcessHandle.current().pid());

    private final Path path;
    private final Path folder;

    PidFile(Path path) {
        this.path = path;
        this.folder = path.toAbsolutePath().resolveSibling("");
    }

    /**
     * Checks in advance whether the file can be written.
     *
     * @throws CommandFailure if it clearly cannot
     */
    void check() {
        String wrong = !Files.isDirectory(folder)
                ? "there is no folder " + folder
                : Files.exists(path, LinkOption.NOFOLLOW_LINKS) && !Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)
                        ? "it is not a regular file and was not touched"
                        : null;
        if (wrong != null) {
            throw new CommandFailure(
                    ExitCode.USAGE, "--pidfile=" + path + ": " + wrong + "; nothing is served; give another path");
        }
    }

    void write() throws BlockIoException {
        try {
            Path draft = Files.createTempFile(
                    folder,
                    ".kiobd-",
                    ".pid",
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r--r--")));
            try {
                Files.writeString(draft, PID + "\n");
                Umask.openPidFile(draft);
                Files.move(draft, path, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                Files.deleteIfExists(draft);
                throw e;
            }
        } catch (IOException e) {
            throw new BlockIoException(IoError.IO, "--pidfile=" + path + " cannot be written: " + e, e);
        }
    }

    /** Removes the file, unless another server that uses the same file has written its own id there. */
    void remove() {
        try {
            if (Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)
                    && Files.readString(path, StandardCharsets.ISO_8859_1)
                            .strip()
                            .equals(PID)) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            LOG.warn("--pidfile={} could not be removed: {}", path, e.toString());
        }
    }
}
