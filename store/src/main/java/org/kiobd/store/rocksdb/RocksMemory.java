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
import org.rocksdb.RocksDB;
import org.rocksdb.WriteBufferManager;
import org.rocksdb.util.Environment;

/**
 * Holds the resources that all databases of a provider share: one block cache, to which the write buffers of all members are charged. The native objects exist
 * while a database uses them: they are made for the first one, and freed with the last one, even if that is closed after this object.
 * Owned by the provider, which closes it. Thread-safe.
 *
 * <p>There is no rate limiter: RocksDB would apply it to flushes, too, and a flush that waits makes all writers wait.
 */
final class RocksMemory implements AutoCloseable {
    static final long DEFAULT_BYTES = 256L << 20;

    /** The library name that RocksDB looks for in a given folder; the name in its jar differs. */
    private static final String LOADED_AS = "rocksdbjni";

    private long bytes = DEFAULT_BYTES;
    private int users;
    private boolean closed;
    private @Nullable Share shared;

    /** The native objects. Each user closes it once, and uses none of them afterwards. */
    final class Share implements AutoCloseable {
        private final NativeHandles handles = new NativeHandles();
        private final Cache cache;
        private final WriteBufferManager writeBuffers;

        private Share(long cacheBytes) {
            cache = handles.own(new LRUCache(cacheBytes));
            writeBuffers = handles.own(new WriteBufferManager(cacheBytes / 3 * 2, cache));
        }

        Cache cache() {
            return cache;
        }

        WriteBufferManager writeBuffers() {
            return writeBuffers;
        }

        @Override
        public void close() {
            if (isLastUser()) {
                handles.close();
            }
        }
    }

    /** Sets the size of the cache in bytes; takes effect when it is made the next time, for a first database. */
    synchronized void size(long newBytes) {
        bytes = newBytes;
    }

    /** Throws if {@link #close} was called: nothing may be opened any more. */
    synchronized void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the provider of rocksdb: members is closed");
        }
    }

    /**
     * Returns the shared objects for one more user, who closes them once.
     *
     * @throws BlockIoException if RocksDB has no library for this machine, or it cannot be loaded
     */
    synchronized Share share() throws BlockIoException {
        requireOpen();
        Share now = shared;
        if (now == null) {
            try {
                loadLibrary();
                now = new Share(bytes);
            } catch (LinkageError e) {
                throw new BlockIoException(
                        IoError.NOT_SUPPORTED, "rocksdb: members cannot be used here: " + e.getMessage(), e);
            }
            shared = now;
        }
        users++;
        return now;
    }

    private synchronized boolean isLastUser() {
        users--;
        if (users > 0) {
            return false;
        }
        shared = null;
        return true;
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

    /** Refuses further users. Those that are left keep the shared objects until the last of them is closed. */
    @Override
    public synchronized void close() {
        closed = true;
    }
}
