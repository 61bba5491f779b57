package org.kiobd.cli;

import org.jspecify.annotations.Nullable;
import org.kiobd.raid.Raid0Device;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.catalog.Leftovers;
import org.kiobd.volume.catalog.VolumeCatalog;
import org.kiobd.volume.catalog.VolumeLock;
import org.kiobd.volume.catalog.VolumeNames;
import org.kiobd.volume.store.MemberStores;

/**
 * A volume or a snapshot to be read from its start to its end, as it is at one moment: of a volume that is served a snapshot is made for
 * the time being, which nobody else sees, and which is not left behind if this process is killed. Used by one thread; close it always.
 */
final class VolumeSource implements AutoCloseable {
    private final VolumeCatalog catalog;
    private final @Nullable VolumeLock lock;
    private final Raid0Device device;
    private final @Nullable String temporary;

    private VolumeSource(
            VolumeCatalog catalog, @Nullable VolumeLock lock, Raid0Device device, @Nullable String temporary) {
        this.catalog = catalog;
        this.lock = lock;
        this.device = device;
        this.temporary = temporary;
    }

    static VolumeSource open(CommonOptions common, String name) throws BlockIoException {
        VolumeCatalog catalog = common.catalog();
        boolean served = catalog.server(name) != null;
        if (!served) {
            return open(common, catalog.lockForReading(name), name, null);
        }
        if (VolumeNames.isSnapshot(name)) {
            // It never changes, and its members are locked against who would delete it.
            return open(common, null, name, null);
        }
        String temporary = name + "@reading-" + ProcessHandle.current().pid();
        try {
            SnapshotCreateCommand.create(catalog, common, temporary);
        } catch (BlockIoException e) {
            throw new BlockIoException(
                    e.error(),
                    "volume=" + name + " is served and cannot be read as it is at one moment: " + e.getMessage()
                            + "; stop its server, or let a client read it: nbdcopy URI FILE",
                    e);
        }
        VolumeSource source = open(common, catalog.lock(temporary), temporary, temporary);
        try {
            // Without a manifest it is a leftover, whoever comes across it; its members are locked as long as they are
            // read.
            new Leftovers(catalog, MemberStores.load())
                    .note(temporary, catalog.load(temporary).members());
            catalog.delete(temporary);
            return source;
        } catch (BlockIoException e) {
            source.close();
            throw e;
        }
    }

    private static VolumeSource open(
            CommonOptions common, @Nullable VolumeLock lock, String name, @Nullable String temporary)
            throws BlockIoException {
        VolumeCatalog catalog = common.catalog();
        try {
            String said = temporary == null ? name : VolumeNames.volumeOf(name);
            Raid0Device device = common.assembler().open(catalog.load(name).withName(said), true);
            return new VolumeSource(catalog, lock, device, temporary);
        } catch (BlockIoException e) {
            if (lock != null) {
                lock.close();
            }
            throw e;
        }
    }

    Raid0Device device() {
        return device;
    }

    @Override
    public void close() throws BlockIoException {
        try {
            device.close();
            if (temporary != null) {
                new Leftovers(catalog, MemberStores.load()).clear(temporary);
                catalog.abandon(temporary);
            }
        } finally {
            if (lock != null) {
                lock.close();
            }
        }
    }
}
