package org.kiobd.attach;

import com.sun.jna.LastErrorException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.kiobd.attach.libc.Libc;

/** Who uses a device, as far as the kernel tells. Stateless; calls block. */
final class DeviceUse {
    /** open(2). */
    private static final int O_EXCL = 0200;

    private static final int O_CLOEXEC = 02000000;

    /** errno(3). */
    private static final int EBUSY = 16;

    private static final int DEVICE_FIELD = 0;
    private static final int PLACE_FIELD = 1;

    private DeviceUse() {}

    /** Returns a user of the device or of one of its partitions, in words; null if none is known. */
    static @Nullable String of(KernelDevice device) throws IOException {
        String mounted = inTable(Path.of("/proc/self/mounts"), device, "it is mounted on ");
        if (mounted != null) {
            return mounted;
        }
        if (inTable(Path.of("/proc/swaps"), device, "") != null) {
            return "it is swap space";
        }
        if (device.hasHolders()) {
            return "another device is on it (see lsblk)";
        }
        return isHeld(device) ? "the kernel says so (see lsblk, and mounts of other name spaces)" : null;
    }

    /** Returns whether something in the kernel has the device, or one of its partitions, for itself: open(2), O_EXCL of block devices. */
    private static boolean isHeld(KernelDevice device) {
        try {
            Libc.close(Libc.open(device.path().toString(), O_EXCL | O_CLOEXEC, 0));
            return false;
        } catch (LastErrorException e) {
            return e.getErrorCode() == EBUSY;
        }
    }

    private static @Nullable String inTable(Path table, KernelDevice device, String words) throws IOException {
        String path = device.path().toString();
        for (String line : Files.readAllLines(table)) {
            String[] fields = line.split("[ \t]+", -1);
            if (fields.length > PLACE_FIELD && fields[DEVICE_FIELD].matches(path + "(p[0-9]+)?")) {
                return words + fields[PLACE_FIELD];
            }
        }
        return null;
    }
}
