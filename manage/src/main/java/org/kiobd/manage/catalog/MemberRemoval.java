package org.kiobd.manage.catalog;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes members that nobody needs any more, after reading in them that they are the ones that are meant. Nothing here throws: leftovers
 * must not keep anybody from a volume. What is not the one meant is named in a line of the log. Used by one thread.
 */
final class MemberRemoval {
    private static final Logger LOG = LoggerFactory.getLogger(MemberRemoval.class);

    private final MemberStores stores;
    private final List<String> remaining = new ArrayList<>();

    MemberRemoval(MemberStores stores) {
        this.stores = stores;
    }

    /**
     * Removes the member at {@code uri}.
     *
     * @param isMeant says of a member, by its identity, whether it is the one
     * @param ownFolder a damaged member directly in this folder, which is the volume's own, is removed as well; null if none is
     * @return false if it has to be tried again: it is in use, or cannot be looked at now
     */
    boolean remove(MemberUri uri, Predicate<MemberIdentity> isMeant, @Nullable Path ownFolder) {
        try {
            if (!stores.forUri(uri).isTaken(uri)) {
                return true;
            }
            if (!stores.forUri(uri).isHalfDeleted(uri) && !isMeant.test(MemberIdentity.read(stores, uri))) {
                LOG.warn("{} is another member than the one that was to be removed; it was not touched", uri);
                return true;
            }
        } catch (BlockIoException e) {
            if (!e.error().isDamage()) {
                return later(uri, e);
            }
            if (ownFolder == null
                    || !uri.isPath()
                    || !ownFolder.equals(Path.of(uri.location()).getParent())) {
                if (e.error() != IoError.INVALID) {
                    return later(uri, e);
                }
                LOG.warn(
                        "{} does not prove to be the member that was to be removed; it was not touched: {}",
                        uri,
                        e.getMessage());
                return true;
            }
        }
        return delete(uri);
    }

    /** Removes what is at a temporary place of a change, whole or not: nobody else can have its name. */
    boolean removeTemporary(MemberUri uri) {
        return delete(uri);
    }

    private boolean delete(MemberUri uri) {
        try {
            stores.forUri(uri).delete(uri);
            return true;
        } catch (BlockIoException e) {
            return later(uri, e);
        }
    }

    private boolean later(MemberUri uri, BlockIoException e) {
        remaining.add(uri + " cannot be removed yet: " + e.getMessage());
        return false;
    }

    /** What could not be removed and why, a sentence each. */
    List<String> remaining() {
        return remaining;
    }
}
