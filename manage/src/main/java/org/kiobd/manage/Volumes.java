package org.kiobd.manage;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kiobd.manage.catalog.Changes;
import org.kiobd.manage.catalog.ServerState;
import org.kiobd.manage.catalog.VolumeCatalog;
import org.kiobd.manage.catalog.VolumeLock;
import org.kiobd.manage.catalog.VolumeNames;
import org.kiobd.manage.control.RemoteVolume;
import org.kiobd.raid.ArrayAssembler;
import org.kiobd.raid.ArraySpec;
import org.kiobd.raid.Finding;
import org.kiobd.raid.Volume;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * The volumes of one home: makes, changes, copies, checks, lists and removes them. Each change is either complete or undone, by the
 * protocol of {@link Changes}. If another process serves a volume, that server grows it and makes its snapshots. Stateless except for the
 * home; used by one thread at a time.
 */
public final class Volumes {
    private final VolumeCatalog catalog;
    private final MemberStores stores;
    private final ArrayAssembler assembler;
    private final Changes changes;
    private final NewVolume newVolume;
    private final Snapshots snapshots;

    /** Manages the volumes in the home of {@code catalog}; borrows {@code stores}. */
    public Volumes(VolumeCatalog catalog, MemberStores stores) {
        this.catalog = catalog;
        this.stores = stores;
        this.assembler = new ArrayAssembler(stores);
        this.changes = new Changes(catalog, stores);
        this.newVolume = new NewVolume(catalog, assembler, changes);
        this.snapshots = new Snapshots(catalog, stores);
    }

    /** Returns the specification of a new volume; called once its folder is known to be free. */
    @FunctionalInterface
    public interface Shaping {
        /** @param folder default folder of the members */
        ArraySpec spec(Path folder) throws BlockIoException;
    }

    /** Writes the content of a volume. */
    @FunctionalInterface
    public interface Filling {
        /** Fills {@code target} from {@code source}; borrows both. */
        void fill(Volume source, Volume target) throws BlockIoException;
    }

    /**
     * A new snapshot.
     *
     * @param heldMicros how long requests were held back for the snapshot, in microseconds
     */
    public record MadeSnapshot(VolumeManifest manifest, long heldMicros) {}

    /** Returns the catalog of the volumes. */
    public VolumeCatalog catalog() {
        return catalog;
    }

    /** Makes an empty volume and its catalog entry, or neither. */
    public VolumeManifest create(String name, Shaping shape) throws BlockIoException {
        SnapshotNames.refuse(name);
        return newVolume.create(name, () -> shape.spec(catalog.folder(name)));
    }

    /** Makes a volume with the content that {@code filling} copies from {@code source}, or none. */
    public VolumeManifest copy(VolumeSource source, String newName, Shaping shape, Filling filling)
            throws BlockIoException {
        SnapshotNames.refuse(newName);
        return newVolume.copy(
                newName,
                () -> shape.spec(catalog.folder(newName)),
                source.name(),
                target -> filling.fill(source.volume(), target));
    }

    /** Makes a volume with the content of {@code snapshot}. Both share space. */
    public VolumeManifest cloneSnapshot(String snapshot, String newName) throws BlockIoException {
        SnapshotNames.require(snapshot);
        SnapshotNames.refuse(newName);
        try (VolumeLock lock = catalog.lock(snapshot)) {
            return snapshots.cloneTo(snapshot, newName);
        }
    }

    /** Adds a catalog entry for the volume that {@code members} form, in any order. */
    public VolumeManifest assemble(List<MemberUri> members) throws BlockIoException {
        VolumeManifest manifest = assembler.assemble(members);
        catalog.adopt(manifest);
        return manifest;
    }

    /**
     * Removes a volume and its data.
     *
     * @param consent asked before data is lost; not asked if the volume was never complete or its deletion had begun
     * @return whether the volume was complete
     */
    public boolean delete(String name, boolean withSnapshots, Consent consent) throws BlockIoException {
        if (finishDeletion(name)) {
            return false;
        }
        try (VolumeLock lock = catalog.lock(name)) {
            snapshots.tidy(name);
            VolumeManifest manifest = catalog.load(name);
            List<String> snapshotNames = catalog.snapshots(name);
            if (!withSnapshots && !snapshotNames.isEmpty()) {
                throw new BlockIoException(
                        IoError.INVALID,
                        "volume=" + name + " has snapshots (" + String.join(", ", snapshotNames)
                                + ") and was not deleted; use --with-snapshots, or delete them first with kiobd snapshot delete");
            }
            // If a server has one of the members open, fail before the first member is removed.
            for (MemberUri uri : manifest.members()) {
                stores.forUri(uri).requireUnused(uri);
            }
            consent.require(manifest);
            try (SnapshotLocks locks = SnapshotLocks.take(catalog, name)) {
                for (String snapshot : snapshotNames) {
                    changes.delete(snapshot);
                }
            }
            changes.delete(name);
            return true;
        }
    }

    /** Removes the remains of a volume without a manifest; returns false if there are none. */
    private boolean finishDeletion(String name) throws BlockIoException {
        if (catalog.exists(name) || catalog.unfinished(name) == null) {
            return false;
        }
        try (VolumeLock lock = catalog.lockUnfinished(name)) {
            changes.finishDeletion(name);
            return true;
        }
    }

    /** Renames a volume that is not served. */
    public VolumeManifest rename(String oldName, String newName) throws BlockIoException {
        SnapshotNames.refuse(oldName);
        SnapshotNames.refuse(newName);
        try (VolumeLock lock = catalog.lock(oldName);
                SnapshotLocks locks = SnapshotLocks.take(catalog, oldName)) {
            snapshots.tidy(oldName);
            makeRoom(newName);
            // Check all members before anything is moved.
            assembler.open(catalog.load(oldName), true).close();
            catalog.rename(oldName, newName);
            // Members in the folder have moved with it, so the catalog must load their places under the new name.
            VolumeManifest renamed = assembler.rename(catalog.load(newName), newName);
            catalog.save(renamed);
            return renamed;
        }
    }

    /** Removes the leftovers of an interrupted change under the new name. They are not a volume. */
    private void makeRoom(String name) throws BlockIoException {
        if (!catalog.exists(name)) {
            try (VolumeLock lock = changes.reserve(name)) {
                catalog.abandon(name);
            }
        }
    }

    /** Makes a volume larger, whether it is served or not. */
    public VolumeManifest resize(String name, long newSizeBytes) throws BlockIoException {
        SnapshotNames.refuse(name);
        ServerState server = catalog.server(name);
        if (server != null) {
            new RemoteVolume(name, server).grow(newSizeBytes);
        } else {
            try (VolumeLock lock = catalog.lock(name)) {
                catalog.save(assembler.grow(catalog.load(name), newSizeBytes));
            }
        }
        return catalog.load(name);
    }

    /** Makes snapshot {@code name} of a volume: in its server if it is served, otherwise in this process. */
    public MadeSnapshot createSnapshot(String name) throws BlockIoException {
        long heldMicros = makeSnapshot(SnapshotNames.require(name));
        return new MadeSnapshot(catalog.load(name), heldMicros);
    }

    /**
     * Makes a snapshot like {@link #createSnapshot}, and accepts the name of a temporary one.
     *
     * @return how long requests were held back, in us
     */
    long makeSnapshot(String name) throws BlockIoException {
        String volume = VolumeNames.volumeOf(name);
        catalog.folder(name);
        ServerState server = catalog.server(volume);
        if (server != null) {
            return new RemoteVolume(volume, server).snapshot(name);
        }
        try (VolumeLock lock = catalog.lock(volume)) {
            snapshots.tidy(volume);
            catalog.requireFinished(volume);
            try (Volume device = assembler.open(catalog.load(volume), false)) {
                return snapshots.create(device, name);
            }
        }
    }

    /** Removes a snapshot. The volume, its other snapshots and its clones do not change. */
    public void deleteSnapshot(String name) throws BlockIoException {
        SnapshotNames.require(name);
        if (finishDeletion(name)) {
            return;
        }
        try (VolumeLock lock = catalog.lock(name)) {
            changes.delete(name);
        }
    }

    /** Rolls a volume that is not served back to {@code snapshot}. All snapshots stay. */
    public VolumeManifest rollback(String snapshot, Consent consent) throws BlockIoException {
        String volume = VolumeNames.volumeOf(SnapshotNames.require(snapshot));
        try (VolumeLock lock = catalog.lock(volume);
                VolumeLock snapshotLock = catalog.lock(snapshot)) {
            consent.require(catalog.load(snapshot));
            return snapshots.rollback(snapshot);
        }
    }

    /**
     * Fills a volume that is not served from a raw image.
     *
     * @param filling copies the image to the volume
     */
    public void importImage(Path image, String name, Filling filling) throws BlockIoException {
        SnapshotNames.refuse(name);
        new ImageImport(catalog, assembler, changes, snapshots).run(image, name, filling);
    }

    /** Opens a volume or a snapshot to read its content at one moment, whether it is served or not. */
    public VolumeSource read(String name) throws BlockIoException {
        return VolumeSource.open(this, name);
    }

    /** Opens a raw image. */
    public Volume openImage(Path image, boolean readOnly) throws BlockIoException {
        return assembler.openRaw(MemberUri.file(image), readOnly);
    }

    /** Checks every member of a volume that is not served. Changes nothing. */
    public CheckReport check(String name) throws BlockIoException {
        try (VolumeLock lock = catalog.lockForReading(name)) {
            catalog.requireFinished(name);
            List<Finding> findings = new ArrayList<>();
            VolumeManifest manifest = loadOrFind(name, findings);
            if (manifest != null) {
                findings.addAll(assembler.check(manifest));
            }
            return new CheckReport(manifest == null ? 0 : manifest.members().size(), 0, findings);
        }
    }

    private @Nullable VolumeManifest loadOrFind(String name, List<Finding> findings) throws BlockIoException {
        try {
            return catalog.load(name);
        } catch (BlockIoException e) {
            if (e.error() == IoError.INVALID) {
                throw e;
            }
            findings.add(new Finding(Finding.severityOf(e), -1, e.getMessage()));
            return null;
        }
    }

    /** Lists all volumes. */
    public List<VolumeEntry> list() throws BlockIoException {
        return new VolumeList(catalog, stores).volumes();
    }

    /** Lists the snapshots of {@code volume}; of all volumes if it is null. */
    public List<VolumeEntry> listSnapshots(@Nullable String volume) throws BlockIoException {
        return new VolumeList(catalog, stores).snapshots(volume == null ? null : SnapshotNames.refuse(volume));
    }

    ArrayAssembler assembler() {
        return assembler;
    }

    MemberStores stores() {
        return stores;
    }

    Changes changes() {
        return changes;
    }
}
