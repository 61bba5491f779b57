package org.kiobd.cli;

import java.util.ArrayList;
import java.util.List;
import org.kiobd.raid.ArrayAssembler;
import org.kiobd.raid.ArraySnapshots;
import org.kiobd.raid.Raid0Device;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.catalog.Leftovers;
import org.kiobd.volume.catalog.VolumeCatalog;
import org.kiobd.volume.catalog.VolumeLock;
import org.kiobd.volume.catalog.VolumeNames;
import org.kiobd.volume.format.VolumeManifest;
import org.kiobd.volume.store.MemberStores;
import org.kiobd.volume.store.MemberUri;

/**
 * What is done with snapshots, in the server of a volume or in a command: members and catalog together. Whatever interrupts it, the
 * manifest is as before or as after, and what belongs to neither is removed at the next use. Control threads.
 */
final class Snapshots {
    private final VolumeCatalog catalog;
    private final MemberStores stores;
    private final ArraySnapshots arrays;
    private final Leftovers leftovers;

    Snapshots(VolumeCatalog catalog, MemberStores stores) {
        this.catalog = catalog;
        this.stores = stores;
        this.arrays = new ArraySnapshots(stores);
        this.leftovers = new Leftovers(catalog, stores);
    }

    /** Removes what a crash in the middle of a change left of volume {@code name}; the caller has its lock. */
    void tidy(String name) throws BlockIoException {
        leftovers.clear(name);
        leftovers.clearSnapshots(name);
    }

    /**
     * Makes snapshot {@code name} of a volume.
     *
     * @param device the volume, served or just opened; its lock is the caller's
     * @return how long requests were held back, in microseconds
     */
    long create(Raid0Device device, String name) throws BlockIoException {
        try (VolumeLock lock = catalog.reserve(name)) {
            return fill(device, device.manifest(), name);
        }
    }

    /** Makes a volume of snapshot {@code name}, whose lock is the caller's. */
    VolumeManifest cloneTo(String name, String newName) throws BlockIoException {
        try (VolumeLock lock = catalog.reserve(newName);
                Raid0Device snapshot = assembler().open(catalog.load(name), true)) {
            fill(snapshot, snapshot.manifest(), newName);
            return catalog.load(newName);
        }
    }

    private long fill(Raid0Device from, VolumeManifest original, String newName) throws BlockIoException {
        leftovers.clear(newName);
        VolumeManifest copy = original.copy(newName, Places.copies(original, catalog.folder(newName), newName));
        boolean saved = false;
        try {
            leftovers.note(newName, copy.members());
            long heldMicros = arrays.copy(from, copy, 1);
            catalog.save(copy);
            saved = true;
            leftovers.clear(newName);
            return heldMicros;
        } finally {
            if (!saved) {
                leftovers.clear(newName);
                catalog.abandon(newName);
            }
        }
    }

    /** Puts a volume back to its snapshot {@code name}; the locks of both are the caller's. */
    VolumeManifest rollback(String name) throws BlockIoException {
        String volume = VolumeNames.volumeOf(name);
        tidy(volume);
        VolumeManifest now = catalog.load(volume);
        try (Raid0Device snapshot = assembler().open(catalog.load(name), true)) {
            VolumeManifest then = now.withSizeBytes(snapshot.sizeBytes()).withMembers(Places.successors(now));
            List<MemberUri> touched = new ArrayList<>(now.members());
            touched.addAll(then.members());
            leftovers.note(volume, touched);
            try {
                // Two events on: a member of before that comes back is seen to be old.
                arrays.copy(snapshot, then, arrays.newestEvent(now) + 2);
                catalog.save(then);
            } finally {
                leftovers.clear(volume);
            }
            return then;
        }
    }

    /** Removes a volume or a snapshot with its members; its lock is the caller's, nobody has a member open. */
    void delete(String name) throws BlockIoException {
        leftovers.clear(name);
        for (MemberUri uri : catalog.load(name).members()) {
            stores.forUri(uri).delete(uri);
        }
        catalog.delete(name);
    }

    private ArrayAssembler assembler() {
        return new ArrayAssembler(stores);
    }
}
