package org.kiobd.attach;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Finds out whether a device answers, by a read that bypasses the page cache. Such a read cannot be ended while the device waits for its server;
 * so however often it is asked, it has at most one thread that reads. Thread-safe; calls block.
 */
final class DeviceProbe {
    private static final int PAGE_BYTES = 4096;

    private final KernelDevice device;

    /** The read that is under way. */
    private @Nullable CompletableFuture<Void> pending;

    DeviceProbe(KernelDevice device) {
        this.device = device;
    }

    /** @throws IOException if the first block cannot be read, or not within {@code timeoutMs}; then a thread goes on waiting */
    void requireAnswer(long timeoutMs) throws IOException {
        CompletableFuture<Void> read = begin();
        try {
            read.get(timeoutMs, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new IOException(device + " did not answer a read for " + timeoutMs + " ms", e);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new IOException(device + " cannot be read: " + cause.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while " + device + " is read", e);
        }
    }

    private synchronized CompletableFuture<Void> begin() {
        CompletableFuture<Void> read = pending;
        if (read == null || read.isDone()) {
            CompletableFuture<Void> begun = new CompletableFuture<>();
            Thread reader = new Thread(() -> read(begun), "kiobd-probe-" + device.index());
            reader.setDaemon(true);
            reader.start();
            pending = begun;
            read = begun;
        }
        return read;
    }

    private void read(CompletableFuture<Void> done) {
        try {
            DirectRead.firstBytes(device.path(), PAGE_BYTES);
            done.complete(null);
        } catch (IOException | RuntimeException e) {
            done.completeExceptionally(e);
        }
    }
}
