package org.kiobd.manage.catalog;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The only way to make, refill, roll back and delete volumes. An interruption at any point loses no data and leaves nothing behind. A
 * change is recorded before it makes anything. It makes members under names that nothing else can have, and then gives them their own
 * names, if these are free. Saving the manifest commits the change, after the data is written. After an interruption, {@link #recover}
 * removes the members that the manifest does not name, but only if they provably belong to the change. docs/FORMAT.md describes the
 * protocol step by step, docs/adr/0016-changes.md gives the reasons.
 *
 * <p>Control threads. The caller holds the volume's lock, unless a method says that it takes the lock.
 */
public final class Changes {
    private static final Logger LOG = LoggerFactory.getLogger(Changes.class);

    /** A process that makes a temporary snapshot locks it sooner than this, so an older one without a lock is a leftover. */
    private static final long TEMPORARY_AGE_MS = 60_000;

    private final VolumeCatalog catalog;
    private final MemberStores stores;

    public Changes(VolumeCatalog catalog, MemberStores stores) {
        this.catalog = catalog;
        this.stores = stores;
    }

    /**
     * Takes the lock of a new volume's name, and removes the leftovers of an interrupted change under that name.
     *
     * @throws BlockIoException if a volume has the name, or something is in the way
     */
    public VolumeLock reserve(String name) throws BlockIoException {
        if (catalog.exists(name)) {
            // The name will be refused, but a change of that volume may have been interrupted after its commit: finish
            // it now.
            recoverIfFree(name, () -> recover(name));
        }
        VolumeLock lock = catalog.reserve(name);
        try {
            if (!recover(name)) {
                throw new BlockIoException(
                        IoError.NOT_PERMITTED,
                        "volume=" + name + ": a member of an earlier volume of that name is still in use;"
                                + " nothing was made; try again later");
            }
            return lock;
        } catch (BlockIoException e) {
            lock.close();
            throw e;
        }
    }

    /**
     * Records a change before anything is made.
     *
     * @throws BlockIoException if something exists at the place of a new member; nothing was recorded or touched
     */
    public void begin(String name, Change.Plan plan) throws BlockIoException {
        for (MemberUri uri : plan.makes()) {
            if (stores.forUri(uri).isTaken(uri)) {
                throw new BlockIoException(
                        IoError.INVALID, "member=" + uri + " exists already; it was not touched; choose another place");
            }
        }
        List<Change.Replaced> replaced = new ArrayList<>();
        for (MemberUri uri : plan.replaces()) {
            replaced.add(new Change.Replaced(uri, identityOrNull(uri)));
        }
        Change pending = ChangeFile.read(catalog.folder(name));
        String brokenImport =
                pending == null || pending.operation() != Change.Operation.IMPORT ? null : pending.source();
        Change.Start start = new Change.Start(VolumeManifest.now(), Change.HomePlace.of(catalog.home()));
        Change change =
                new Change(plan.operation(), plan.id(), plan.source(), start, brokenImport, plan.makes(), replaced);
        ChangeFile.write(catalog.folder(name), catalog.home(), change);
    }

    /** Returns null if the identity cannot be read: a damaged volume can be rolled back. */
    private @Nullable MemberIdentity identityOrNull(MemberUri uri) {
        try {
            return MemberIdentity.read(stores, uri);
        } catch (BlockIoException e) {
            LOG.debug("{} cannot be identified: {}", uri, e.getMessage());
            return null;
        }
    }

    /**
     * Records that the content of a volume is about to be replaced, piece by piece. Until {@link #endImport} the volume is unfinished.
     *
     * @param source where the content comes from, for users
     */
    public void beginImport(String name, String source) throws BlockIoException {
        begin(name, new Change.Plan(Change.Operation.IMPORT, UUID.randomUUID(), source, List.of(), List.of()));
    }

    /** Removes the record of an import: the volume holds all of its content durably. */
    public void endImport(String name) throws BlockIoException {
        ChangeFile.remove(catalog.folder(name));
    }

    /**
     * Deletes a volume or a snapshot with its members.
     *
     * @throws BlockIoException if a member is in use; nothing was changed
     */
    public void delete(String name) throws BlockIoException {
        recover(name);
        for (MemberUri uri : catalog.load(name).members()) {
            stores.forUri(uri).requireUnused(uri);
        }
        beginDeletion(name);
        finishDeletion(name);
    }

    /** Begins a deletion. The volume counts as deleted from here on, though its members may be in use until {@link #finishDeletion}. */
    public void beginDeletion(String name) throws BlockIoException {
        catalog.beginDeletion(name);
    }

    /**
     * Continues a deletion, or removes the leftovers of an interrupted change of a volume without a manifest.
     *
     * @throws BlockIoException if something cannot be removed yet; the next call continues
     */
    public void finishDeletion(String name) throws BlockIoException {
        MemberRemoval removal = new MemberRemoval(stores);
        boolean done = new ChangeRecovery(catalog, stores, removal).run(name);
        catalog.abandon(name);
        if (!done) {
            throw new BlockIoException(
                    IoError.IO,
                    VolumeNames.label(name)
                            + " is only partly deleted: "
                            + removal.remaining().get(0) + "; delete it again to go on");
        }
    }

    /**
     * Undoes a failed change.
     *
     * @param because failure of the change; if something cannot be removed, it gets the reason as a suppressed exception
     */
    public void undo(String name, Exception because) {
        try {
            finishDeletion(name);
        } catch (BlockIoException e) {
            because.addSuppressed(e);
        }
    }

    /**
     * Removes the leftovers of an interrupted change of a volume, if there are any: the members that the manifest does not name. If this
     * call is interrupted, the next one continues.
     *
     * @return false if something could not be removed yet, e.g. because it is in use; the next call tries again
     * @throws BlockIoException if it is not known what to remove
     */
    public boolean recover(String name) throws BlockIoException {
        MemberRemoval removal = new MemberRemoval(stores);
        boolean done = new ChangeRecovery(catalog, stores, removal).run(name);
        removal.remaining().forEach(line -> LOG.warn("volume={}: {}", name, line));
        return done;
    }

    /**
     * Recovers all snapshots of volume {@code name}. The caller holds the volume's lock. The method takes the locks of the snapshots, and
     * skips those that are in use.
     */
    public void recoverSnapshots(String name) throws BlockIoException {
        for (String snapshot : catalog.snapshots(name)) {
            if (!hasRecord(catalog.folder(snapshot))) {
                continue;
            }
            recoverIfFree(snapshot, () -> recover(snapshot));
        }
        for (String snapshot : catalog.unfinishedSnapshots(name)) {
            recoverIfFree(snapshot, () -> finishDeletion(snapshot));
        }
        for (String snapshot : catalog.temporarySnapshots(name)) {
            if (isOld(catalog.folder(snapshot))) {
                recoverIfFree(snapshot, () -> {
                    if (catalog.exists(snapshot)) {
                        delete(snapshot);
                    } else {
                        finishDeletion(snapshot);
                    }
                });
            }
        }
    }

    private static boolean hasRecord(Path folder) {
        return Files.exists(folder.resolve(ChangeFile.NAME))
                || Files.exists(folder.resolve(ManifestFiles.DELETED))
                || Files.exists(folder.resolve(EarlierNotes.NOTE));
    }

    private static boolean isOld(Path folder) {
        try {
            return System.currentTimeMillis()
                            - Files.getLastModifiedTime(folder).toMillis()
                    > TEMPORARY_AGE_MS;
        } catch (IOException e) {
            return false;
        }
    }

    /** Work under a volume's lock. */
    @FunctionalInterface
    private interface Recovery {
        void run() throws BlockIoException;
    }

    /** Recovers a volume if nobody holds its lock. A failure must not affect other work; the next use of the volume tries again. */
    private void recoverIfFree(String name, Recovery recovery) {
        try (VolumeLock lock = catalog.lockUnfinished(name)) {
            recovery.run();
        } catch (BlockIoException e) {
            LOG.debug("volume={}: {}", name, e.getMessage());
        }
    }
}
