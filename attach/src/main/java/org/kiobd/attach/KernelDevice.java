package org.kiobd.attach;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
    /** Fields of its stat file: reads, writes, discards, flushes. */
    private static final int[] DONE_FIELDS = {0, 4, 11, 15};

    private static final int IN_FLIGHT_FIELD = 8;
    private static final int SECTOR_BYTES = 512;

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

    /**
     * Requests of the device.
     *
     * @param done how many were answered
     * @param inFlight how many are under way now
     */
    public record Activity(long done, long inFlight) {}

    /** Returns what the device has done (Documentation/block/stat.rst). */
    Activity activity() throws IOException {
        String[] fields = Files.readString(sys("stat")).strip().split(" +", -1);
        long done = 0;
        for (int field : DONE_FIELDS) {
            done += field < fields.length ? Long.parseLong(fields[field]) : 0;
        }
        return new Activity(done, Long.parseLong(fields[IN_FLIGHT_FIELD]));
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

    @Override
    public String toString() {
        return path().toString();
    }
}
