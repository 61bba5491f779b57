package org.kiobd.store.rocksdb;

import java.io.IOException;
import java.net.URL;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.natives.NativeFolder;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.rocksdb.Cache;
import org.rocksdb.LRUCache;
import org.rocksdb.RateLimiter;
import org.rocksdb.RateLimiterMode;
import org.rocksdb.RocksDB;
import org.rocksdb.WriteBufferManager;
import org.rocksdb.util.Environment;

/**
 * The resources that all RocksDB members of the process share: one block cache, to which the write buffers of all members are charged, and
 * one rate limiter for the writes of flushes and compaction. Created for the first member and closed with the last one. Thread-safe.
 */
final class RocksMemory implements AutoCloseable {
    static final long DEFAULT_BYTES = 256L << 20;

    /** Upper limit for the writes of compaction and flushes; the rate limiter tunes itself below it. */
    private static final long MAX_BACKGROUND_BYTES_PER_S = 1L << 30;

    private static final long REFILL_PERIOD_MICROS = 100_000;
    private static final int FAIRNESS = 10;

    /** The library name that RocksDB looks for in a given folder; the name in its jar differs. */
    private static final String LOADED_AS = "rocksdbjni";

    private static long bytes = DEFAULT_BYTES;
    private static int users;
    private static @Nullable RocksMemory shared;

    private final NativeHandles handles = new NativeHandles();
    private final Cache cache;
    private final WriteBufferManager writeBuffers;
    private final RateLimiter rateLimiter;

    private RocksMemory(long cacheBytes) {
        cache = handles.own(new LRUCache(cacheBytes));
        writeBuffers = handles.own(new WriteBufferManager(cacheBytes / 3 * 2, cache));
        rateLimiter = handles.own(new RateLimiter(
                MAX_BACKGROUND_BYTES_PER_S, REFILL_PERIOD_MICROS, FAIRNESS, RateLimiterMode.WRITES_ONLY, true));
    }

    /** Sets the size of the cache; takes effect when it is created the next time, for a first member. */
    static synchronized void size(long newBytes) {
        bytes = newBytes;
    }

    /** Returns the shared resources and counts one more user; each user calls {@link #close} once. */
    static synchronized RocksMemory share() throws BlockIoException {
        RocksMemory memory = shared;
        if (memory == null) {
            try {
                loadLibrary();
                memory = new RocksMemory(bytes);
            } catch (LinkageError e) {
                throw new BlockIoException(
                        IoError.NOT_SUPPORTED, "rocksdb: members cannot be used here: " + e.getMessage(), e);
            }
            shared = memory;
        }
        users++;
        return memory;
    }

    /**
     * Loads the native library from {@link NativeFolder}. RocksDB itself would unpack it, 15 MB, again for each process, and would not
     * remove it if a signal ends the process.
     */
    private static void loadLibrary() throws BlockIoException {
        String name = Environment.getJniLibraryFileName("rocksdb");
        URL library = RocksDB.class.getResource("/" + name);
        if (library == null) {
            throw new BlockIoException(
                    IoError.NOT_SUPPORTED,
                    "rocksdb: members cannot be used here: there is no " + name
                            + " for this machine; use file: members");
        }
        try {
            NativeFolder.ofThisProcess()
                    .load(
                            library,
                            Environment.getJniLibraryFileName(LOADED_AS),
                            folder -> RocksDB.loadLibrary(List.of(folder.toString())));
        } catch (IOException e) {
            throw new BlockIoException(
                    IoError.NOT_SUPPORTED, "rocksdb: members cannot be used here: " + e.getMessage(), e);
        }
    }

    Cache cache() {
        return cache;
    }

    WriteBufferManager writeBuffers() {
        return writeBuffers;
    }

    RateLimiter rateLimiter() {
        return rateLimiter;
    }

    @Override
    public void close() {
        synchronized (RocksMemory.class) {
            users--;
            if (users > 0) {
                return;
            }
            shared = null;
        }
        handles.close();
    }
}
