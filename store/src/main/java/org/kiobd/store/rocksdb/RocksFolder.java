package org.kiobd.store.rocksdb;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.kiobd.store.MemberUri;
import org.kiobd.store.file.FileMemberStoreProvider;
import org.kiobd.store.file.SystemErrors;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * The folder of a member and the files in it:
 *
 * <pre>
 *     member.lock      held by whoever has the member open
 *     member.options   the options it was made with, as text
 *     db/              the database, and files of kiobd beside those of RocksDB
 *     data-NNNNNN      blocks, and map-log-0 and map-log-1, where they are; only with data=files
 *     kiobd.reserve    space for a full disk, see {@link RocksReserve}
 * </pre>
 *
 * Stateless; any thread.
 */
final class RocksFolder {
    static final String DATABASE = "db";
    static final String LOCK = "member.lock";
    static final String OPTIONS = "member.options";
    private static final Pattern DATA_FILE = Pattern.compile("data-[0-9]{6,}");
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rw-------");
    private static final Set<PosixFilePermission> OWNER_ONLY_FOLDER = PosixFilePermissions.fromString("rwx------");

    private RocksFolder() {}

    /** Returns the folder that {@code uri} names, as an absolute path; it need not exist. */
    static Path of(MemberUri uri) throws BlockIoException {
        String location = uri.location().split("\\?", 2)[0];
        if (location.isEmpty()) {
            throw new BlockIoException(IoError.INVALID, "member=" + uri + " names no folder; say rocksdb:PATH");
        }
        try {
            return Path.of(location).toAbsolutePath().normalize();
        } catch (InvalidPathException e) {
            throw new BlockIoException(IoError.INVALID, "member=" + uri + " is no path: " + e.getReason(), e);
        }
    }

    /** Returns whether {@code folder} has a database; false also if it cannot be accessed. */
    static boolean holdsMember(Path folder) {
        return Files.exists(folder.resolve(DATABASE).resolve("CURRENT"));
    }

    /** Makes the folder of a member that has no database yet. */
    static void make(Path folder, RocksOptions options) throws BlockIoException {
        try {
            Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(OWNER_ONLY_FOLDER));
        } catch (IOException e) {
            throw new BlockIoException(
                    IoError.INVALID,
                    folder
                            + (Files.exists(folder)
                                    ? " exists already; it was not touched; choose another place"
                                    : " cannot be made: " + e),
                    e);
        }
        try {
            Files.createFile(folder.resolve(LOCK), PosixFilePermissions.asFileAttribute(OWNER_ONLY));
            store(folder, options);
        } catch (IOException e) {
            RocksMemberRemoval.remove(folder);
            throw new BlockIoException(IoError.IO, folder + ": cannot be written: " + e, e);
        }
    }

    /** Stores the options in a file of their own, because they are needed before the database can be opened. */
    private static void store(Path folder, RocksOptions options) throws IOException {
        Path made = Files.createFile(folder.resolve(OPTIONS), PosixFilePermissions.asFileAttribute(OWNER_ONLY));
        Files.writeString(made, options + System.lineSeparator());
        for (Path durable :
                List.of(folder.resolve(OPTIONS), folder, folder.resolve("..").normalize())) {
            sync(durable);
        }
    }

    /** Returns whether the name of {@code file} is that of a data file. */
    static boolean isDataFile(Path file) {
        return DATA_FILE.matcher(String.valueOf(file.getFileName())).matches();
    }

    /** Syncs a file or a folder. */
    static void sync(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** Returns the options that the member in {@code folder} was made with. */
    static RocksOptions options(Path folder) throws BlockIoException {
        try {
            return RocksOptions.parse(Files.readString(folder.resolve(OPTIONS)).strip());
        } catch (IOException e) {
            throw SystemErrors.failure(
                    folder.resolve(OPTIONS) + " cannot be read, and says how the member was made", e);
        }
    }

    /** Throws if {@code folder} cannot be accessed, so that this is not reported as a missing member. */
    static void requireReachable(Path folder) throws BlockIoException {
        try {
            Files.readAttributes(folder.resolve(DATABASE).resolve("CURRENT"), BasicFileAttributes.class);
        } catch (IOException e) {
            BlockIoException failure = SystemErrors.failure(folder + " cannot be looked at", e);
            if (!failure.error().isDamage()) {
                throw failure;
            }
        }
    }

    /** Tells how many bytes of a file to count. */
    @FunctionalInterface
    interface Measure {
        long bytes(Path file) throws IOException;
    }

    /** Sums up the files in the two folders of a member only, because a URI may name any folder; returns -1 if there is no member. */
    static long bytes(Path folder, Measure measure) throws BlockIoException {
        long bytes = 0;
        for (Path each : List.of(folder, folder.resolve(DATABASE))) {
            try (Stream<Path> files = Files.list(each)) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    bytes += measure.bytes(file);
                }
            } catch (NoSuchFileException e) {
                // Compaction may have removed the file. Only if the database is missing, too, there is no member.
                if (!holdsMember(folder)) {
                    return -1;
                }
            } catch (IOException | UncheckedIOException e) {
                BlockIoException failure = SystemErrors.failure(folder + " cannot be looked at", e);
                if (!failure.error().isDamage()) {
                    throw failure;
                }
                return -1;
            }
        }
        return holdsMember(folder) ? bytes : -1;
    }

    /** Returns the real path of a member that may be named by a symbolic link. */
    static Path target(Path named) throws BlockIoException {
        try {
            return Files.exists(named) ? named.toRealPath() : named;
        } catch (IOException e) {
            throw new BlockIoException(IoError.IO, named + ": cannot tell where it leads: " + e, e);
        }
    }

    /** Deletes {@code named} and every link that it leads to, if it is a dangling symbolic link. */
    static void deleteLinks(Path named) throws BlockIoException {
        try {
            FileMemberStoreProvider.deleteLinks(named);
        } catch (BlockIoException e) {
            throw e;
        } catch (IOException e) {
            throw new BlockIoException(IoError.IO, named + ": cannot delete the link: " + e, e);
        }
    }
}
