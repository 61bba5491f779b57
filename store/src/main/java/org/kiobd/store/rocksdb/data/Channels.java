package org.kiobd.store.rocksdb.data;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Opens the files of a member. Tests open files that lose, like a disk at a power cut, what was not synced. Thread-safe. */
@FunctionalInterface
interface Channels {
    /** Opens files of the file system; a file that is opened for writing is made if it is missing, for its owner only. */
    Channels FILES = (path, readOnly) -> readOnly
            ? FileChannel.open(path, StandardOpenOption.READ)
            : FileChannel.open(
                    path,
                    Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));

    /** Opens a file; the caller closes it. */
    FileChannel open(Path path, boolean readOnly) throws IOException;
}
