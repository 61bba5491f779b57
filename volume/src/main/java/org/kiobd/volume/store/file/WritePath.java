package org.kiobd.volume.store.file;

import java.util.Locale;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * How WRITE reaches a file when its loop turns an io_uring; the system property {@code kiobd.file.writes} chooses. Immutable.
 *
 * <p>ext4 refuses buffered writes that must not block, so the kernel hands those of the ring to worker threads: about 1.4 to 1.9 times
 * the CPU of a pwritev on the loop (docs/PERFORMANCE.md). XFS, btrfs and tmpfs take them at once.
 */
enum WritePath {
    /** Into the ring, as READ: the loop never waits for the medium. */
    RING,

    /**
     * A pwritev on the loop itself: least CPU while the page cache has room, but when the kernel throttles who dirties pages, every
     * connection of the loop waits. The one exception to the rule that a port never blocks, and only by the user's own choice.
     */
    LOOP;

    private static final String PROPERTY = "kiobd.file.writes";

    /** As the property says; the ring where it says nothing. */
    static WritePath configured() throws BlockIoException {
        String value = System.getProperty(PROPERTY, "ring");
        for (WritePath path : values()) {
            if (path.name().toLowerCase(Locale.ROOT).equals(value)) {
                return path;
            }
        }
        throw new BlockIoException(IoError.INVALID, PROPERTY + "=" + value + " is neither ring nor loop; leave it out");
    }
}
