package org.kiobd.cli;

import org.kiobd.manage.catalog.VolumeNames;

/** Refuses snapshots where volumes are meant, and the other way round. Stateless. */
final class SnapshotName {
    private SnapshotName() {}

    /** {@code name}, which is that of a snapshot. */
    static String require(String name) {
        if (!VolumeNames.isSnapshot(name) || VolumeNames.isTemporary(name)) {
            throw new CommandFailure(
                    ExitCode.FAILED, "snapshot=" + name + " names no snapshot; one is called VOLUME@NAME");
        }
        return name;
    }

    /** {@code name}, which is not that of a snapshot: what is about to happen would change it. */
    static String refuse(String name) {
        if (VolumeNames.isSnapshot(name)) {
            throw new CommandFailure(
                    ExitCode.FAILED,
                    "volume=" + name + " names a snapshot, and a snapshot never changes; kiobd clone " + name
                            + " NEW makes a volume of it");
        }
        return name;
    }
}
