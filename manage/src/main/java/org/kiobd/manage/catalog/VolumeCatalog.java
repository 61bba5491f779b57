package org.kiobd.manage.catalog;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;

/**
 * The volumes of one home folder. Each has a folder {@code HOME/volumes/NAME} with its manifest, its lock, and, unless they were put
 * elsewhere, its members. A folder without a manifest belongs to a volume that is being made or was being deleted ({@link #unfinished}).
 *
 * <p>A snapshot is itself a volume, with the name {@code VOLUME@NAME} and the folder {@code HOME/volumes/VOLUME/snapshots/NAME}. Every
 * method accepts its name, too, unless the method says otherwise.
 *
 * <p>Any thread, any number of processes: manifests change atomically, and a process that changes or serves a volume holds its
 * {@link VolumeLock}.
 */
public final class VolumeCatalog {
    private final Path home;
    private final CatalogLookup lookup;
    private final CatalogListing listing;
    private final ManifestFiles manifests;
    private final CatalogRemoval removal;
    private final CatalogLocks locks;

    /** @param home folder for volumes; made with the first volume */
    public VolumeCatalog(Path home) {
        this.home = home.toAbsolutePath().normalize();
        Path volumes = this.home.resolve("volumes");
        this.lookup = new CatalogLookup(volumes);
        this.listing = new CatalogListing(volumes);
        this.manifests = new ManifestFiles(lookup, this.home);
        this.removal = new CatalogRemoval(lookup);
        this.locks = new CatalogLocks(lookup, removal);
    }

    /** Returns the home folder, absolute. */
    Path home() {
        return home;
    }

    /** Returns the folder of a volume, whether it exists or not. */
    public Path folder(String name) throws BlockIoException {
        return lookup.folder(name);
    }

    /** Returns the names of all volumes that are not snapshots, in order. */
    public List<String> names() throws BlockIoException {
        return listing.names();
    }

    /** Returns the names {@code VOLUME@NAME} of a volume's snapshots, in order. */
    public List<String> snapshots(String volume) throws BlockIoException {
        return listing.snapshots(volume);
    }

    /** Returns the names of unfinished volumes without a manifest, in order. */
    public List<String> unfinishedNames() throws BlockIoException {
        return listing.unfinishedNames();
    }

    /** Returns the names of a volume's unfinished snapshots without a manifest, in order. */
    public List<String> unfinishedSnapshots(String volume) throws BlockIoException {
        return listing.unfinishedSnapshots(volume);
    }

    /** Returns the names of a volume's temporary snapshots, finished or not. They were made to be read once and then removed. */
    List<String> temporarySnapshots(String volume) throws BlockIoException {
        return listing.temporarySnapshots(volume);
    }

    /** Returns what is unfinished about a volume, with or without a manifest; null if nothing is. */
    public @Nullable Unfinished unfinished(String name) throws BlockIoException {
        return lookup.unfinished(name);
    }

    /**
     * Refuses an unfinished volume. The caller holds its lock.
     *
     * @throws BlockIoException with the reason, and with what to do
     */
    public void requireFinished(String name) throws BlockIoException {
        lookup.requireFinished(name);
    }

    /**
     * Returns whether a volume exists.
     *
     * @throws BlockIoException also if this account may not enter its folder
     */
    public boolean exists(String name) throws BlockIoException {
        return lookup.exists(name);
    }

    /** Returns whether something with that name exists, as far as this account can see. For callers that have got an error with it. */
    public boolean isThere(String name) {
        return lookup.isThere(name);
    }

    /** Returns the server of a volume; null if it is not served. Changes nothing, so it also works for accounts that may only read. */
    public @Nullable ServerState server(String name) throws BlockIoException {
        return lookup.server(name);
    }

    /** Returns the manifest of a volume. */
    public VolumeManifest load(String name) throws BlockIoException {
        return manifests.load(name);
    }

    /** Writes a volume's manifest. The caller holds its lock. */
    public void save(VolumeManifest manifest) throws BlockIoException {
        save(manifest.name(), manifest);
    }

    /** Writes the manifest of a volume whose members know it by another name. The caller holds its lock. */
    public void save(String name, VolumeManifest manifest) throws BlockIoException {
        manifests.save(name, manifest);
    }

    /**
     * Saves the manifest of a volume that was assembled from its members: as a new entry, or in place of the volume's own entry, which may
     * be damaged or out of date.
     *
     * @throws BlockIoException if another volume has the name, or the volume is in use
     */
    public void adopt(VolumeManifest manifest) throws BlockIoException {
        String name = manifest.name();
        try (VolumeLock lock = locks.acquire(name, CatalogLocks.Use.MAKE)) {
            VolumeManifest present;
            try {
                present = exists(name) ? load(name) : manifest;
            } catch (BlockIoException e) {
                present = manifest;
            }
            if (!present.uuid().equals(manifest.uuid())) {
                throw CatalogErrors.invalid(
                        "volume=" + name + " exists already and is another one: uuid=" + present.uuid()
                                + ", not uuid=" + manifest.uuid()
                                + "; neither was touched; kiobd rename gives that one another name");
            }
            save(manifest);
        }
    }

    /** Renames a volume's folder, with the members in it. The caller holds its lock. */
    public void rename(String oldName, String newName) throws BlockIoException {
        Path from = folder(oldName);
        Path to = folder(newName);
        try {
            if (Files.exists(to)) {
                throw new FileAlreadyExistsException(to.toString());
            }
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
            AtomicFiles.syncFolder(lookup.volumes());
        } catch (FileAlreadyExistsException e) {
            throw CatalogErrors.invalid(
                    "volume=" + newName + " exists already; nothing was renamed; choose another name");
        } catch (IOException e) {
            throw CatalogErrors.failed("cannot move " + from + " to " + to, e);
        }
    }

    /**
     * Makes the folder of a new volume and locks it. If two processes try, one of them succeeds.
     *
     * @throws BlockIoException if the name is taken
     */
    public VolumeLock reserve(String name) throws BlockIoException {
        return locks.reserve(name);
    }

    /**
     * Locks a volume that exists.
     *
     * @throws BlockIoException if it does not exist, or somebody else has the lock, in this process or in another
     */
    public VolumeLock lock(String name) throws BlockIoException {
        return locks.lock(name, CatalogLocks.Use.CHANGE);
    }

    /**
     * Locks a volume that exists, for reading. The lock is the same, unless the volume's folder cannot be written. Then other readers may
     * have the lock at the same time, and the members' own locks keep writers away.
     *
     * @throws BlockIoException as {@link #lock(String)}
     */
    public VolumeLock lockForReading(String name) throws BlockIoException {
        return locks.lock(name, CatalogLocks.Use.READ);
    }

    /** Locks the remains of an {@linkplain #unfinished unfinished} volume. */
    public VolumeLock lockUnfinished(String name) throws BlockIoException {
        return locks.acquire(name, CatalogLocks.Use.CHANGE);
    }

    /** Removes the folder that {@link #reserve} made, if no manifest was saved and no change is recorded. The caller holds the lock. */
    public void abandon(String name) throws BlockIoException {
        removal.abandon(name);
    }

    /** Begins the deletion of a volume, which counts as deleted from here on. The caller holds its lock. */
    void beginDeletion(String name) throws BlockIoException {
        removal.begin(name);
    }

    /** Returns the manifest of a volume whose deletion was begun; null if none was. */
    @Nullable
    VolumeManifest deleted(String name) throws BlockIoException {
        return manifests.deleted(name);
    }

    /** Ends the deletion of a volume, once all its members are gone. The caller holds its lock. */
    void endDeletion(String name) throws BlockIoException {
        removal.end(name);
    }
}
