package org.kiobd.store.rocksdb;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What lives outside the Java heap and must be closed once, in the order opposite to that in which it was made. How many there are in the
 * process is counted: a handle that is forgotten costs memory that nobody sees. Used by one thread at a time.
 */
final class NativeHandles implements AutoCloseable {
    private static final AtomicLong OPEN = new AtomicLong();

    private final Deque<AutoCloseable> closing = new ArrayDeque<>();

    /** How many are open in this process. Any thread. */
    static long open() {
        return OPEN.get();
    }

    /** Takes {@code handle}. */
    <T extends AutoCloseable> T own(T handle) {
        closing.push(handle);
        OPEN.incrementAndGet();
        return handle;
    }

    /** Closes all of them; the next time there are none. */
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
