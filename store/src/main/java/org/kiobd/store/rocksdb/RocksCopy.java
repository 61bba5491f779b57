package org.kiobd.store.rocksdb;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.kiobd.store.MemberCopy;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.rocksdb.LogFile;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;

/**
 * A copy of a database by hard links. RocksDB's own checkpoint flushes and syncs the memtables while all writers wait. This class flushes
 * them in advance; later writes are in the log, of which the copy gets the part that exists at the moment of {@link #fix}. So
 * {@link #fix} only has to note file lengths. RocksDB deletes no file before the copy is closed.
 */
final class RocksCopy implements MemberCopy {
    private static final String CURRENT = "CURRENT";

    private final RocksDatabase database;
    private final Path from;
    private final Path to;
    private final boolean readOnly;

    /** Files that are copied because a database may still write to them, with the number of bytes to copy. */
    private final Map<String, Long> copied = new LinkedHashMap<>();

    /** Immutable files, which are linked. */
    private final Map<String, Path> linked = new LinkedHashMap<>();

    private boolean holdsFiles;

    private RocksCopy(RocksDatabase database, Path from, Path to, boolean readOnly) {
        this.database = database;
        this.from = from.resolve(RocksFolder.DATABASE);
        this.to = to.resolve(RocksFolder.DATABASE);
        this.readOnly = readOnly;
    }

    /**
     * Begins a copy of the member in folder {@code from}: flushes the memtables and disables file deletions.
     *
     * @param to folder of the new member
     * @param readOnly whether {@code database} is open read-only, so that nothing in it changes
     */
    static RocksCopy begin(RocksDatabase database, Path from, Path to, boolean readOnly) throws BlockIoException {
        RocksCopy copy = new RocksCopy(database, from, to, readOnly);
        try {
            Files.createDirectory(copy.to);
            copy.requireLinks();
            if (!readOnly) {
                database.upkeep().writeOut();
                database.db().disableFileDeletions();
                copy.holdsFiles = true;
            }
            return copy;
        } catch (RocksDBException e) {
            throw RocksErrors.failure(from + " cannot be copied", e);
        } catch (IOException e) {
            throw copy.failed(e);
        }
    }

    /** Checks that hard links work between the two folders, before any writer has to wait for the copy. */
    private void requireLinks() throws IOException {
        Path trial = to.resolve("trial");
        try {
            Files.createLink(trial, from.resolve(CURRENT));
            Files.delete(trial);
        } catch (IOException e) {
            throw new BlockIoException(
                    IoError.NOT_SUPPORTED,
                    to + " cannot share files with " + from + " (" + e
                            + "); nothing was made; both must lie on one file system with hard links; kiobd copy makes a"
                            + " full copy",
                    e);
        }
    }

    @Override
    public void fix() throws BlockIoException {
        try {
            RocksDB db = database.db();
            RocksDB.LiveFiles live = db.getLiveFiles(false);
            for (String name : live.files) {
                String plain = plain(name);
                if (plain.endsWith(".sst") || plain.endsWith(".blob")) {
                    linked.put(plain, from.resolve(plain));
                } else if (plain.startsWith("MANIFEST")) {
                    copied.put(plain, live.manifestFileSize);
                } else if (!plain.equals(CURRENT)) {
                    copied.put(plain, Files.size(from.resolve(plain)));
                }
            }
            if (readOnly) {
                addLogs();
            } else {
                for (LogFile log : db.getSortedWalFiles()) {
                    if (!log.pathName().contains("archive")) {
                        copied.put(plain(log.pathName()), log.sizeFileBytes());
                    }
                }
            }
        } catch (RocksDBException e) {
            throw RocksErrors.failure(from + " cannot be copied", e);
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private void addLogs() throws IOException {
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                if (String.valueOf(file.getFileName()).endsWith(".log")) {
                    copied.put(String.valueOf(file.getFileName()), Files.size(file));
                }
            }
        }
    }

    private static String plain(String name) {
        return name.substring(name.lastIndexOf('/') + 1);
    }

    @Override
    public void complete() throws BlockIoException {
        try {
            for (Map.Entry<String, Path> link : linked.entrySet()) {
                Files.createLink(to.resolve(link.getKey()), link.getValue());
            }
            for (Map.Entry<String, Long> file : copied.entrySet()) {
                copy(file.getKey(), file.getValue());
                if (file.getKey().startsWith("MANIFEST")) {
                    // The CURRENT file of the source may already name the next manifest, so write a new one.
                    Files.writeString(
                            to.resolve(CURRENT),
                            file.getKey() + "\n",
                            StandardCharsets.US_ASCII,
                            StandardOpenOption.CREATE_NEW);
                    RocksFolder.sync(to.resolve(CURRENT));
                }
            }
            RocksFolder.sync(to);
            RocksFolder.sync(to.resolve("..").normalize());
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private void copy(String name, long lengthBytes) throws IOException {
        Path target = to.resolve(name);
        try (InputStream in = Files.newInputStream(from.resolve(name));
                OutputStream out = Files.newOutputStream(target, StandardOpenOption.CREATE_NEW)) {
            byte[] piece = new byte[1 << 16];
            long leftBytes = lengthBytes;
            while (leftBytes > 0) {
                int bytes = in.read(piece, 0, (int) Math.min(piece.length, leftBytes));
                if (bytes < 0) {
                    throw new IOException(name + " ends " + leftBytes + " bytes too early");
                }
                out.write(piece, 0, bytes);
                leftBytes -= bytes;
            }
        }
        RocksFolder.sync(target);
    }

    private BlockIoException failed(IOException e) {
        return e instanceof BlockIoException told
                ? told
                : new BlockIoException(IoError.IO, from + " cannot be copied to " + to + ": " + e, e);
    }

    @Override
    public void close() throws BlockIoException {
        if (holdsFiles) {
            holdsFiles = false;
            try {
                database.db().enableFileDeletions();
            } catch (RocksDBException e) {
                throw RocksErrors.failure(from + ": files it needs no more stay", e);
            }
        }
    }
}
