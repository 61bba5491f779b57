package org.kiobd.manage;

import java.util.ArrayList;
import java.util.List;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.manage.catalog.VolumeLock;
import org.kiobd.volume.BlockIoException;

/** The locks of all snapshots of a volume. They keep others from serving or cloning a snapshot. */
final class SnapshotLocks implements AutoCloseable {
    private final List<VolumeLock> locks = new ArrayList<>();

    private SnapshotLocks() {}

    /** Takes all locks or none. */
    static SnapshotLocks take(VolumeCatalog catalog, String volume) throws BlockIoException {
        SnapshotLocks taken = new SnapshotLocks();
        try {
            for (String snapshot : catalog.snapshots(volume)) {
                taken.locks.add(catalog.lock(snapshot));
            }
            return taken;
        } catch (BlockIoException e) {
            taken.close();
            throw e;
        }
    }

    @Override
    public void close() {
        locks.forEach(VolumeLock::close);
    }
}
