package org.kiobd.manage;

import org.jspecify.annotations.Nullable;
import org.kiobd.manage.catalog.Changes;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.manage.catalog.VolumeLock;
import org.kiobd.manage.catalog.VolumeNames;
import org.kiobd.raid.Volume;
import org.kiobd.volume.BlockIoException;

/**
 * A volume or a snapshot, opened to read its content at one moment. While a volume is served, this object reads a temporary snapshot, which
 * nobody else sees and which is not left behind if this process is killed. Used by one thread, which must always close it.
 */
public final class VolumeSource implements AutoCloseable {
    private final Changes changes;
    private final @Nullable VolumeLock lock;
    private final Volume device;
    private final @Nullable String temporary;

    private VolumeSource(Changes changes, @Nullable VolumeLock lock, Volume device, @Nullable String temporary) {
        this.changes = changes;
        this.lock = lock;
        this.device = device;
        this.temporary = temporary;
    }

    static VolumeSource open(Volumes volumes, String name) throws BlockIoException {
        VolumeCatalog catalog = volumes.catalog();
        boolean served = catalog.server(name) != null;
        if (!served) {
            VolumeLock lock = catalog.lockForReading(name);
            try {
                catalog.requireFinished(name);
                return new VolumeSource(volumes.changes(), lock, open(volumes, name, name), null);
            } catch (BlockIoException e) {
                lock.close();
                throw e;
            }
        }
        if (VolumeNames.isSnapshot(name)) {
            // A snapshot never changes, and the locks on its members keep others from deleting it.
            return new VolumeSource(volumes.changes(), null, open(volumes, name, name), null);
        }
        return openTemporary(volumes, name, VolumeNames.temporary(name));
    }

    private static VolumeSource openTemporary(Volumes volumes, String name, String temporary) throws BlockIoException {
        VolumeCatalog catalog = volumes.catalog();
        try {
            volumes.makeSnapshot(temporary);
        } catch (BlockIoException e) {
            throw new BlockIoException(
                    e.error(),
                    "volume=" + name + " is served and no snapshot of it can be made: " + e.getMessage()
                            + "; stop its server, or copy it as a client: nbdcopy URI FILE",
                    e);
        }
        VolumeLock lock = catalog.lock(temporary);
        try {
            Volume device = open(volumes, temporary, name);
            try {
                // From here on, other processes treat the snapshot as a leftover. Its members are locked as long as
                // they are read.
                volumes.changes().beginDeletion(temporary);
                return new VolumeSource(volumes.changes(), lock, device, temporary);
            } catch (BlockIoException e) {
                device.close();
                throw e;
            }
        } catch (BlockIoException e) {
            lock.close();
            throw e;
        }
    }

    /** Opens volume {@code name} under the name {@code said}. */
    private static Volume open(Volumes volumes, String name, String said) throws BlockIoException {
        return volumes.assembler().open(volumes.catalog().load(name).withName(said), true);
    }

    /** Returns the open volume; borrowed until this object is closed. */
    public Volume volume() {
        return device;
    }

    /** Returns the name that the caller asked for. */
    public String name() {
        return device.info().name();
    }

    @Override
    public void close() throws BlockIoException {
        try {
            device.close();
            if (temporary != null) {
                changes.finishDeletion(temporary);
            }
        } finally {
            if (lock != null) {
                lock.close();
            }
        }
    }
}
