package org.kiobd.attach;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A device /dev/nbdN as /sys shows it (Documentation/ABI/stable/sysfs-block). Immutable; calls block.
 *
 * @param index its number N
 */
public record KernelDevice(int index) {
    private static final Path ALL = Path.of("/sys/block");
    private static final String PREFIX = "nbd";
    private static final int SECTOR_BYTES = 512;
    private static final int PAGE_BYTES = 4096;

    /**
     * The kernel looks at requests that are not answered after this time: with one connection it sends them again over a new one, and goes on
     * waiting if there is none.
     */
    private static final int IO_TIMEOUT_MS = 1000;

    private static final int READ_AHEAD_KIB = 1024;
    private static final int MOST_REQUEST_KIB = 4096;

    /** Returns the devices that the driver has, connected or not. */
    public static List<KernelDevice> all() throws IOException {
        List<KernelDevice> devices = new ArrayList<>();
        try (Stream<Path> blocks = Files.list(ALL)) {
            for (Path block : blocks.sorted().toList()) {
                String name = String.valueOf(block.getFileName());
                if (name.matches(PREFIX + "[0-9]+")) {
                    devices.add(new KernelDevice(Integer.parseInt(name.substring(PREFIX.length()))));
                }
            }
        }
        return devices;
    }

    /** Returns the path below /dev. */
    public Path path() {
        return Path.of("/dev", PREFIX + index);
    }

    private Path sys(String attribute) {
        return ALL.resolve(PREFIX + index).resolve(attribute);
    }

    /** Returns whether the device is attached. It is also while its requests wait for a server. */
    public boolean isConnected() {
        return Files.exists(sys("pid"));
    }

    /** Returns what the device is, see {@link Identity}; null if nobody has said. */
    public @Nullable String backend() {
        return read("backend");
    }

    private @Nullable String read(String attribute) {
        try {
            return Files.readString(sys(attribute)).strip();
        } catch (IOException e) {
            return null;
        }
    }

    /** Returns the size in bytes; 0 if it is not connected. */
    public long sizeBytes() {
        String sectors = read("size");
        return sectors == null ? 0 : Long.parseLong(sectors) * SECTOR_BYTES;
    }

    /** Returns whether something below the device table uses the device: a mount, a volume group, an array. */
    public boolean hasHolders() throws IOException {
        try (Stream<Path> holders = Files.list(sys("holders"))) {
            return holders.findAny().isPresent();
        }
    }

    /** Sets what the kernel's defaults do not suit, and tells udev that the device is there. */
    void tune(boolean oneConnection) throws IOException {
        if (oneConnection) {
            write("queue/io_timeout", IO_TIMEOUT_MS);
        }
        String most = read("queue/max_hw_sectors_kb");
        if (most != null) {
            write("queue/max_sectors_kb", Math.min(Integer.parseInt(most), MOST_REQUEST_KIB));
        }
        write("queue/read_ahead_kb", READ_AHEAD_KIB);
        changed();
    }

    /** Lets udev look at the device again. */
    void changed() throws IOException {
        Files.writeString(sys("uevent"), "change");
    }

    private void write(String attribute, int value) throws IOException {
        Files.writeString(sys(attribute), Integer.toString(value));
    }

    /**
     * Reads the first block past the page cache, so from the server.
     *
     * @throws IOException if it cannot be read, or not within {@code timeoutMs}; then a thread goes on waiting
     */
    void requireReadable(long timeoutMs) throws IOException {
        CompletableFuture<Void> read = new CompletableFuture<>();
        Thread reader = new Thread(
                () -> {
                    try {
                        DirectRead.firstBytes(path(), PAGE_BYTES);
                        read.complete(null);
                    } catch (IOException | RuntimeException e) {
                        read.completeExceptionally(e);
                    }
                },
                "kiobd-first-read-" + PREFIX + index);
        reader.setDaemon(true);
        reader.start();
        try {
            read.get(timeoutMs, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new IOException(path() + " did not answer a read for " + timeoutMs + " ms", e);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new IOException(path() + " cannot be read: " + cause.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while " + path() + " is read", e);
        }
    }

    @Override
    public String toString() {
        return path().toString();
    }
}
