package org.kiobd.store.rocksdb;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes a RocksDB member: the files that RocksDB and kiobd make, and no others. It writes a mark file first and removes it last, so that
 * after a crash the remaining files can be recognized as a half-deleted member. Stateless; the caller holds the member's lock.
 */
final class RocksMemberRemoval {
    /** Name of the mark file: a deletion has begun, and the folder is no longer a valid member. */
    static final String MARK = "member.deleted";

    private static final Logger LOG = LoggerFactory.getLogger(RocksMemberRemoval.class);

    /** Names of the files that RocksDB and kiobd make in the database folder; see docs/FORMAT.md. */
    private static final Pattern OF_DATABASE =
            Pattern.compile("[0-9]+\\.(sst|blob|log|dbtmp)|MANIFEST-[0-9]+|OPTIONS-[0-9]+(\\.dbtmp)?"
                    + "|CURRENT|IDENTITY|LOCK|LOG(\\.old\\.[0-9]+)?|kiobd\\..*|trial");

    private static final Pattern OF_MEMBER =
            Pattern.compile("member\\.(?!deleted$|lock$).*|kiobd\\..*|map-log-[01]|data-[0-9]{6,}");

    private RocksMemberRemoval() {}

    /**
     * Removes the member in {@code folder}. Keeps files that do not belong to a member, and logs a warning about them.
     *
     * @throws BlockIoException if a file cannot be removed; another call continues the removal
     */
    static void remove(Path folder) throws BlockIoException {
        try {
            mark(folder);
            Path database = folder.resolve(RocksFolder.DATABASE);
            removeFiles(database.resolve("archive"), OF_DATABASE);
            removeFolder(database.resolve("archive"));
            removeFiles(database, OF_DATABASE);
            removeFolder(database);
            removeFiles(folder, OF_MEMBER);
            Files.deleteIfExists(folder.resolve(RocksFolder.LOCK));
            Files.deleteIfExists(folder.resolve(MARK));
            removeFolder(folder);
            RocksFolder.sync(folder.resolve("..").normalize());
        } catch (IOException e) {
            throw new BlockIoException(IoError.IO, folder + ": cannot delete it: " + e, e);
        }
    }

    /** Returns whether {@code folder} is the rest of an interrupted removal: it has the mark, or it is empty. */
    static boolean isInterrupted(Path folder) {
        if (Files.exists(folder.resolve(MARK))) {
            return true;
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.findAny().isEmpty();
        } catch (IOException e) {
            return false;
        }
    }

    private static void mark(Path folder) throws IOException {
        Path mark = folder.resolve(MARK);
        if (!Files.exists(mark)) {
            try {
                Files.createFile(mark);
            } catch (IOException e) {
                // A full disk must not prevent a deletion. Without the mark, a crash leaves files that are not
                // recognized as
                // half-deleted.
                LOG.debug("{} cannot be made: {}", mark, e.toString());
                return;
            }
        }
        RocksFolder.sync(folder);
    }

    private static void removeFiles(Path folder, Pattern names) throws IOException {
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try (Stream<Path> entries = Files.list(folder)) {
            List<Path> ours = entries.filter(entry ->
                            names.matcher(String.valueOf(entry.getFileName())).matches())
                    .filter(entry -> !Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS))
                    .toList();
            for (Path file : ours) {
                Files.deleteIfExists(file);
            }
        }
    }

    private static void removeFolder(Path folder) throws IOException {
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try {
            Files.deleteIfExists(folder);
        } catch (DirectoryNotEmptyException e) {
            LOG.warn("{} stays, for it holds files that are not of a RocksDB member", folder);
        }
    }
}
