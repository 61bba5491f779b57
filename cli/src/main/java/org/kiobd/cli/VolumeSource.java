package org.kiobd.cli;

import org.jspecify.annotations.Nullable;
import org.kiobd.manage.catalog.Changes;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.manage.catalog.VolumeLock;
import org.kiobd.manage.catalog.VolumeNames;
import org.kiobd.raid.Volume;
import org.kiobd.store.MemberStores;
import org.kiobd.volume.BlockIoException;

/**
 * A volume or a snapshot to be read from its start to its end, as it is at one moment: of a volume that is served a snapshot is made for
 * the time being, which nobody else sees, and which is not left behind if this process is killed. Used by one thread; close it always.
 */
final class VolumeSource implements AutoCloseable {
    private final VolumeCatalog catalog;
    private final @Nullable VolumeLock lock;
    private final Volume device;
    private final @Nullable String temporary;

    private VolumeSource(
            VolumeCatalog catalog, @Nullable VolumeLock lock, Volume device, @Nullable String temporary) {
        this.catalog = catalog;
        this.lock = lock;
        this.device = device;
        this.temporary = temporary;
    }

    static VolumeSource open(CommonOptions common, String name) throws BlockIoException {
        VolumeCatalog catalog = common.catalog();
        boolean served = catalog.server(name) != null;
        if (!served) {
            VolumeLock lock = catalog.lockForReading(name);
            try {
                catalog.requireFinished(name);
                return new VolumeSource(catalog, lock, device(common, name, name), null);
            } catch (BlockIoException e) {
                lock.close();
                throw e;
            }
        }
        if (VolumeNames.isSnapshot(name)) {
            // It never changes, and its members are locked against who would delete it.
            return new VolumeSource(catalog, null, device(common, name, name), null);
        }
        return openTemporary(common, catalog, name, VolumeNames.temporary(name));
    }

    private static VolumeSource openTemporary(
            CommonOptions common, VolumeCatalog catalog, String name, String temporary) throws BlockIoException {
        try {
            SnapshotCreateCommand.create(catalog, common, temporary);
        } catch (BlockIoException e) {
            throw new BlockIoException(
                    e.error(),
                    "volume=" + name + " is served and cannot be read as it is at one moment: " + e.getMessage()
                            + "; stop its server, or let a client read it: nbdcopy URI FILE",
                    e);
        }
        VolumeLock lock = catalog.lock(temporary);
        try {
            Volume device = device(common, temporary, name);
            try {
                // From here on it is a leftover, whoever comes across it; its members are locked as long as they are
                // read.
                new Changes(catalog, MemberStores.load()).beginDeletion(temporary);
                return new VolumeSource(catalog, lock, device, temporary);
            } catch (BlockIoException e) {
                device.close();
                throw e;
            }
        } catch (BlockIoException e) {
            lock.close();
            throw e;
        }
    }

    /** Opens volume {@code name}, which calls itself {@code said}. */
    private static Volume device(CommonOptions common, String name, String said) throws BlockIoException {
        return common.assembler().open(common.catalog().load(name).withName(said), true);
    }

    Volume device() {
        return device;
    }

    @Override
    public void close() throws BlockIoException {
        try {
            device.close();
            if (temporary != null) {
                new Changes(catalog, MemberStores.load()).finishDeletion(temporary);
            }
        } finally {
            if (lock != null) {
                lock.close();
            }
        }
    }
}
