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
 * Removes members that nobody needs any more, after it has checked their identity. The methods do not throw: leftovers must not keep
 * anybody from using a volume. A member with another identity stays, and the log names it. Used by one thread.
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
     * @param isMeant whether an identity is that of the member to remove
     * @param ownFolder the volume's own folder; a damaged member directly in it is removed as well; null to keep damaged members
     * @return false if the removal must be tried again: the member is in use, or cannot be checked now
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

    /** Removes the member at a temporary place of a change, complete or not: nothing else can have that name. */
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

    /** Returns what could not be removed and why, one sentence each. */
    List<String> remaining() {
        return remaining;
    }
}
