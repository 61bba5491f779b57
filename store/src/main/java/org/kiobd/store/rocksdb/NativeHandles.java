package org.kiobd.store.rocksdb;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Owns handles of objects outside the Java heap and closes each of them once, in reverse order of creation. A process-wide counter of
 * open handles makes leaks visible, because the heap does not show their memory. Used by one thread at a time.
 */
final class NativeHandles implements AutoCloseable {
    private static final AtomicLong OPEN = new AtomicLong();

    private final Deque<AutoCloseable> closing = new ArrayDeque<>();

    /** Returns the number of open handles in this process. Thread-safe. */
    static long open() {
        return OPEN.get();
    }

    /** Takes {@code handle} and returns it, borrowed. */
    <T extends AutoCloseable> T own(T handle) {
        closing.push(handle);
        OPEN.incrementAndGet();
        return handle;
    }

    /** Closes all handles. A second call does nothing. */
    @Override
    public void close() {
        while (!closing.isEmpty()) {
            AutoCloseable handle = closing.pop();
            OPEN.decrementAndGet();
            try {
                handle.close();
            } catch (Exception e) {
                throw new IllegalStateException("a native handle does not close: " + handle, e);
            }
        }
    }
}
