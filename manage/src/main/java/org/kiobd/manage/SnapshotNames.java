package org.kiobd.manage;

import org.kiobd.manage.catalog.VolumeNames;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/** Distinguishes snapshots from volumes by their names. Stateless. */
public final class SnapshotNames {
    private SnapshotNames() {}

    /** Returns {@code name}; throws if it is not the name of a snapshot. */
    public static String require(String name) throws BlockIoException {
        if (!VolumeNames.isSnapshot(name) || VolumeNames.isTemporary(name)) {
            throw new BlockIoException(
                    IoError.INVALID, "snapshot=" + name + " is not a snapshot name; snapshots are named VOLUME@NAME");
        }
        return name;
    }

    /** Returns {@code name}; throws if it is the name of a snapshot, which never changes. */
    public static String refuse(String name) throws BlockIoException {
        if (VolumeNames.isSnapshot(name)) {
            throw new BlockIoException(
                    IoError.INVALID,
                    "volume=" + name + " names a snapshot, and a snapshot never changes; kiobd clone " + name
                            + " NEW makes a volume of it");
        }
        return name;
    }
}
