package org.kiobd.manage.catalog;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes what an interrupted change or deletion of a volume left: the members that its manifest does not name, if they provably belong to
 * the change. If it is interrupted itself, the next one continues. The caller holds the volume's lock. Used by one thread.
 */
final class ChangeRecovery {
    private static final Logger LOG = LoggerFactory.getLogger(ChangeRecovery.class);

    private final VolumeCatalog catalog;
    private final MemberStores stores;
    private final MemberRemoval removal;

    /** @param removal removes the members, and remembers those that it could not remove */
    ChangeRecovery(VolumeCatalog catalog, MemberStores stores, MemberRemoval removal) {
        this.catalog = catalog;
        this.stores = stores;
        this.removal = removal;
    }

    /**
     * Removes the leftovers.
     *
     * @return false if something could not be removed yet
     * @throws BlockIoException if it is not known what to remove
     */
    boolean run(String name) throws BlockIoException {
        Path folder = catalog.folder(name);
        boolean isVolume = catalog.exists(name);
        Set<MemberUri> named = isVolume ? Set.copyOf(catalog.load(name).members()) : Set.of();
        boolean done = removeDeleted(name, named);
        Change change;
        try {
            change = ChangeFile.read(folder);
        } catch (BlockIoException e) {
            if (!isVolume) {
                throw e;
            }
            LOG.warn("volume={}: {}", name, e.getMessage());
            return done;
        }
        if (change != null && (change.operation() != Change.Operation.IMPORT || !isVolume)) {
            done &= removeUnnamed(name, change, named);
        }
        EarlierNotes.settle(catalog, removal, name, named);
        return done;
    }

    /** Goes on with a deletion, if one was begun. */
    private boolean removeDeleted(String name, Set<MemberUri> named) throws BlockIoException {
        VolumeManifest deleted = catalog.deleted(name);
        if (deleted == null) {
            return true;
        }
        boolean done = true;
        for (MemberUri uri : deleted.members()) {
            done &= named.contains(uri)
                    || removal.remove(
                            uri, identity -> identity.volumeUuid().equals(deleted.uuid()), catalog.folder(name));
        }
        if (done) {
            catalog.endDeletion(name);
        }
        return done;
    }

    /** Removes the members of a change that the manifest does not name: the new ones before its commit, the old ones after it. */
    private boolean removeUnnamed(String name, Change change, Set<MemberUri> named) throws BlockIoException {
        boolean isHere = change.start().home().equals(Change.HomePlace.of(catalog.home()));
        boolean done = true;
        for (int i = 0; i < change.makes().size(); i++) {
            MemberUri uri = change.makes().get(i);
            MemberUri temporary = stores.aside(uri, change.id(), i);
            if (isOfCopy(uri, isHere)) {
                continue;
            }
            done &= temporary.equals(uri) || removal.removeTemporary(temporary);
            done &= named.contains(uri)
                    || removal.remove(uri, identity -> identity.madeBy().equals(change.id()), null);
        }
        for (Change.Replaced replaced : change.replaces()) {
            MemberUri uri = replaced.uri();
            if (!named.contains(uri) && !isOfCopy(uri, isHere)) {
                done &= removal.remove(uri, identity -> identity.equals(replaced.identity()), catalog.folder(name));
            }
        }
        boolean isCommitted = change.makes().stream().anyMatch(named::contains);
        if (done && change.brokenImport() != null && !isCommitted) {
            restoreImport(name, change);
        } else if (done) {
            ChangeFile.remove(catalog.folder(name));
        }
        return done;
    }

    /** Records the interrupted import again: after the undone change, the volume holds a part of that import, as before. */
    private void restoreImport(String name, Change undone) throws BlockIoException {
        Change again = new Change(
                Change.Operation.IMPORT,
                UUID.randomUUID(),
                undone.brokenImport(),
                undone.start(),
                null,
                List.of(),
                List.of());
        ChangeFile.write(catalog.folder(name), catalog.home(), again);
    }

    /** Returns whether this home is a copy and the member is outside of it. Such a member belongs to the original home. */
    private boolean isOfCopy(MemberUri uri, boolean isHere) {
        boolean isOfCopy = !isHere && uri.isPath() && !MemberPlaces.isInside(uri, catalog.home());
        if (isOfCopy) {
            LOG.warn(
                    "{} was made by a change that began in another home than {}; it was not touched",
                    uri,
                    catalog.home());
        }
        return isOfCopy;
    }
}
