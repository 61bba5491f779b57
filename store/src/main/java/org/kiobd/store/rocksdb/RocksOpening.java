package org.kiobd.store.rocksdb;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens a database for writing; on a full disk, gives up the reserve or keeps the log in memory. Stateless. */
final class RocksOpening {
    private static final Logger LOG = LoggerFactory.getLogger(RocksOpening.class);

    /** Memory beyond the size of the log, for the ranges that a client clears before the first flush. */
    private static final long SPARE_BYTES = 16L << 20;

    /** Names that RocksDB gives its data files; other files are kept. */
    private static final Pattern DATA_FILE = Pattern.compile("[0-9]+\\.(sst|blob)");

    private RocksOpening() {}

    /** Opens the database in {@code folder}. Refuses a damaged database without having changed it. */
    static RocksDatabase open(RocksMemory memory, Path folder, RocksOptions options, RocksReserve reserve)
            throws BlockIoException {
        // An opening for writing would drop all writes after damage in the log, so check the database read-only first.
        RocksDatabase.openReadOnly(memory, folder, options).close();
        RocksDatabase opened = openIfItFits(memory, folder, options);
        if (opened == null) {
            removeOthers(memory, folder, options);
            reserve.release();
            opened = openIfItFits(memory, folder, options);
        }
        if (opened == null) {
            removeOthers(memory, folder, options);
            opened = openInMemory(memory, folder, options);
        }
        return opened;
    }

    /** Returns the open database, or null if there is no space for the writes of an opening. */
    private static @Nullable RocksDatabase openIfItFits(RocksMemory memory, Path folder, RocksOptions options)
            throws BlockIoException {
        try {
            return RocksDatabase.openForWriting(memory, folder, options);
        } catch (BlockIoException e) {
            if (e.error() != IoError.NO_SPACE) {
                throw e;
            }
            return null;
        }
    }

    private static RocksDatabase openInMemory(RocksMemory memory, Path folder, RocksOptions options)
            throws BlockIoException {
        try {
            RocksDatabase opened = RocksDatabase.openInMemory(memory, folder, options, logBytes(folder) + SPARE_BYTES);
            LOG.warn("{}: the disk is full: its log was read into memory, and stays until there is space", folder);
            return opened;
        } catch (BlockIoException e) {
            throw e.error() != IoError.NO_SPACE ? e : full(folder, e);
        }
    }

    private static BlockIoException full(Path folder, BlockIoException e) {
        return new BlockIoException(
                IoError.NO_SPACE,
                folder
                        + ": cannot open the database for writing: no space left on its file system; what is stored"
                        + " is unharmed and can be served with --read-only; free some space, a few MiB, to write",
                e);
    }

    private static long logBytes(Path folder) throws BlockIoException {
        long bytes = 0;
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                bytes += file.toString().endsWith(".log") ? Files.size(file) : 0;
            }
            return bytes;
        } catch (IOException e) {
            throw new BlockIoException(IoError.IO, folder + ": cannot tell how long its log is: " + e, e);
        }
    }

    /** Removes unfinished data files. An opening by RocksDB removes them as well, but only after it has needed space. */
    private static void removeOthers(RocksMemory memory, Path folder, RocksOptions options) throws BlockIoException {
        List<String> live;
        // Read the list again each time: an opening that failed late may have finished some files.
        try (RocksDatabase looked = RocksDatabase.openReadOnly(memory, folder, options)) {
            live = looked.liveFiles();
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                String name = String.valueOf(file.getFileName());
                if (DATA_FILE.matcher(name).matches() && !live.contains(name)) {
                    Files.delete(file);
                }
            }
        } catch (IOException e) {
            LOG.warn("{}: what was begun there stays: {}", folder, e.toString());
        }
    }
}
