package org.kiobd.manage;

import java.util.List;
import java.util.UUID;
import org.kiobd.manage.catalog.Change;
import org.kiobd.manage.catalog.Changes;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.manage.catalog.VolumeLock;
import org.kiobd.manage.catalog.VolumeNames;
import org.kiobd.raid.ArrayAssembler;
import org.kiobd.raid.ArraySnapshots;
import org.kiobd.raid.Volume;
import org.kiobd.store.MemberStores;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;

/**
 * Makes snapshots, clones them and rolls back to them, in the server of a volume or in a command. Changes members and catalog together, by
 * the protocol of {@link Changes}. Control threads.
 */
public final class Snapshots {
    private final VolumeCatalog catalog;
    private final ArrayAssembler assembler;
    private final ArraySnapshots arrays;
    private final Changes changes;

    public Snapshots(VolumeCatalog catalog, MemberStores stores) {
        this.catalog = catalog;
        this.assembler = new ArrayAssembler(stores);
        this.arrays = new ArraySnapshots(stores);
        this.changes = new Changes(catalog, stores);
    }

    /** Removes the leftovers of interrupted changes of volume {@code name} and its snapshots. The caller holds the volume's lock. */
    public void tidy(String name) throws BlockIoException {
        changes.recover(name);
        changes.recoverSnapshots(name);
    }

    /**
     * Makes snapshot {@code name} of a volume.
     *
     * @param device the volume, served or just opened; the caller holds its lock
     * @return how long requests were held back, in microseconds
     */
    public long create(Volume device, String name) throws BlockIoException {
        changes.recoverSnapshots(VolumeNames.volumeOf(name));
        catalog.requireFinished(VolumeNames.volumeOf(name));
        try (VolumeLock lock = changes.reserve(name)) {
            return fill(device, Change.Operation.SNAPSHOT, VolumeNames.volumeOf(name), name);
        }
    }

    /** Makes a volume from snapshot {@code name}. The caller holds the snapshot's lock. */
    VolumeManifest cloneTo(String name, String newName) throws BlockIoException {
        try (VolumeLock lock = changes.reserve(newName);
                Volume snapshot = assembler.open(catalog.load(name), true)) {
            fill(snapshot, Change.Operation.CLONE, name, newName);
            return catalog.load(newName);
        }
    }

    private long fill(Volume from, Change.Operation operation, String source, String newName) throws BlockIoException {
        UUID changeId = UUID.randomUUID();
        VolumeManifest original = from.manifest();
        // The name of a temporary snapshot may be too long for a superblock.
        String said = VolumeNames.isTemporary(newName) ? source : newName;
        VolumeManifest copy =
                original.copy(said, MemberPaths.copies(original, catalog.folder(newName), newName, changeId));
        try {
            changes.begin(newName, new Change.Plan(operation, changeId, source, copy.members(), List.of()));
            long heldMicros = arrays.copy(from, copy, new ArraySnapshots.Origin(changeId, 1));
            catalog.save(newName, copy);
            changes.recover(newName);
            return heldMicros;
        } catch (BlockIoException e) {
            changes.undo(newName, e);
            throw e;
        }
    }

    /** Rolls a volume back to its snapshot {@code name}. The caller holds the locks of both. */
    VolumeManifest rollback(String name) throws BlockIoException {
        String volume = VolumeNames.volumeOf(name);
        tidy(volume);
        VolumeManifest now = catalog.load(volume);
        UUID changeId = UUID.randomUUID();
        try (Volume snapshot = assembler.open(catalog.load(name), true)) {
            VolumeManifest then =
                    now.withSizeBytes(snapshot.sizeBytes()).withMembers(MemberPaths.successors(now, changeId));
            changes.begin(
                    volume, new Change.Plan(Change.Operation.ROLLBACK, changeId, name, then.members(), now.members()));
            // Skip an event number, so that an old member that reappears is recognized as outdated.
            ArraySnapshots.Origin origin = new ArraySnapshots.Origin(changeId, arrays.newestEvent(now) + 2);
            arrays.copy(snapshot, then, origin);
            catalog.save(then);
            changes.recover(volume);
            return then;
        } catch (BlockIoException e) {
            changes.undo(volume, e);
            throw e;
        }
    }
}
