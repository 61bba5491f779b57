package org.kiobd.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.kiobd.manage.Snapshots;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.manage.catalog.VolumeLock;
import org.kiobd.manage.catalog.VolumeNames;
import org.kiobd.nbd.Export;
import org.kiobd.nbd.trace.RequestTrace;
import org.kiobd.raid.ArrayAssembler;
import org.kiobd.raid.Volume;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.queue.MergeLimits;

/** Opens the volumes and images of a server, each with its lock and its export. Any thread; the caller closes what it gets. */
final class VolumeOpening {
    private final ServedFigures.ServerParts server;
    private final MergeLimits mergeLimits;
    private final MemberStores stores;
    private final ArrayAssembler assembler;
    private volatile @Nullable RequestTrace trace;

    /** Borrows {@code stores}. */
    VolumeOpening(ServedFigures.ServerParts server, MergeLimits mergeLimits, MemberStores stores) {
        this.server = server;
        this.mergeLimits = mergeLimits;
        this.stores = stores;
        this.assembler = new ArrayAssembler(stores, mergeLimits, server.cache());
    }

    /** Sets the trace of all volumes that are opened from now on; borrowed. Null if there is none. */
    void trace(@Nullable RequestTrace newTrace) {
        trace = newTrace;
    }

    /** Opens a volume of the catalog and takes its lock. */
    ServedVolume volume(VolumeCatalog catalog, String name, boolean readOnly) throws BlockIoException {
        boolean reading = readOnly || VolumeNames.isSnapshot(name);
        VolumeLock lock = reading ? catalog.lockForReading(name) : catalog.lock(name);
        try {
            if (!reading) {
                new Snapshots(catalog, stores).tidy(name);
            }
            catalog.requireFinished(name);
            Volume device = assembler.open(catalog.load(name), reading);
            // Clients know the volume again by how this begins; see docs/NBD.md.
            String snapshot = VolumeNames.isSnapshot(name) ? name.substring(name.indexOf('@')) : "";
            String description = "kiobd volume " + device.info().uuid() + snapshot + ", "
                    + Sizes.format(device.sizeBytes()) + " over "
                    + Answers.members(device.members().size());
            ServedVolume volume = served(device, description, catalog, lock);
            if (!reading && !device.manifest().equals(catalog.load(name))) {
                volume.saveManifest();
            }
            return volume;
        } catch (BlockIoException e) {
            lock.close();
            throw e;
        }
    }

    /** Opens a raw image, served under its file name. */
    ServedVolume raw(Path image, boolean readOnly) throws BlockIoException {
        Volume device = assembler.openRaw(MemberUri.file(image), readOnly);
        return served(device, "raw image " + image, null, null);
    }

    private ServedVolume served(
            Volume device, String description, @Nullable VolumeCatalog catalog, @Nullable VolumeLock lock) {
        Export export = new Export(device.info().name(), description, device, mergeLimits, trace);
        return new ServedVolume(device, export, server, stores, catalog, lock);
    }
}
