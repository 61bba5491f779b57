package org.kiobd.attach;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Who uses a device, as far as the kernel tells. Stateless; calls block. */
final class DeviceUse {
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
        return device.hasHolders() ? "another device is on it (see lsblk)" : null;
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
