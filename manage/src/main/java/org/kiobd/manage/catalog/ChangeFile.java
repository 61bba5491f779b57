package org.kiobd.manage.catalog;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * The file with the record of a change, in the folder of its volume. Stateless; a caller that writes or removes it holds the volume's lock.
 */
final class ChangeFile {
    static final String NAME = "change.json";

    private ChangeFile() {}

    /**
     * Returns the change that was begun in {@code folder} and has not ended; null if there is none.
     *
     * @throws BlockIoException if the file is not the record of a change; it was not touched
     */
    static @Nullable Change read(Path folder) throws BlockIoException {
        Path file = folder.resolve(NAME);
        try {
            return ChangeCodec.decode(SmallFiles.read(file), folder);
        } catch (NoSuchFileException e) {
            return null;
        } catch (IOException e) {
            throw new BlockIoException(
                    IoError.IO,
                    file + " is not the record of a change (" + e.getMessage()
                            + "); nothing was touched; move it away if it is not kiobd's",
                    e);
        }
    }

    /** Records {@code change} durably, and replaces an earlier record. */
    static void write(Path folder, Path home, Change change) throws BlockIoException {
        try {
            AtomicFiles.write(folder.resolve(NAME), ChangeCodec.encode(change, folder, home));
        } catch (IOException e) {
            throw new BlockIoException(
                    IoError.IO,
                    folder.resolve(NAME) + " cannot be written, so the "
                            + change.operation().word() + " was not begun: " + e.getMessage(),
                    e);
        }
    }

    static void remove(Path folder) throws BlockIoException {
        try {
            Files.deleteIfExists(folder.resolve(NAME));
        } catch (IOException e) {
            throw new BlockIoException(IoError.IO, folder.resolve(NAME) + " cannot be removed: " + e.getMessage(), e);
        }
    }
}
