package org.kiobd.raid;

import java.util.ArrayList;
import java.util.List;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockIoException;

/** Renames members from their temporary places to their final places, all or none. Control threads. */
final class MemberSettling {
    private final MemberStores stores;

    MemberSettling(MemberStores stores) {
        this.stores = stores;
    }

    /**
     * Renames each member in {@code aside} to its place; no member may be open.
     *
     * @return the new places of the members
     * @throws BlockIoException if a member cannot be renamed, e.g. because something is at its place, which was not touched; the members
     *     are removed
     */
    List<MemberUri> settle(List<MemberUri> aside, List<MemberUri> places) throws BlockIoException {
        List<MemberUri> now = new ArrayList<>(aside);
        try {
            for (int i = 0; i < places.size(); i++) {
                // A member without a location keeps the one that its store chose; a store that cannot rename made the
                // member at its place.
                boolean hasPlace =
                        !places.get(i).location().isEmpty() && !places.get(i).equals(aside.get(i));
                if (hasPlace) {
                    stores.forUri(aside.get(i)).rename(aside.get(i), places.get(i));
                    now.set(i, places.get(i));
                }
            }
            return now;
        } catch (BlockIoException e) {
            for (MemberUri uri : now) {
                remove(uri, e);
            }
            throw e;
        }
    }

    /**
     * Returns the failure with the final place of the member in its message instead of the temporary one, which means nothing to people.
     *
     * @param place the final place of the member; without a location if its store chooses it
     * @param aside the temporary place of the member
     */
    static BlockIoException inWordsOf(MemberUri place, MemberUri aside, BlockIoException failure) {
        String message = failure.getMessage();
        if (place.location().isEmpty() || message == null || !message.contains(aside.location())) {
            return failure;
        }
        return new BlockIoException(failure.error(), message.replace(aside.location(), place.location()), failure);
    }

    /** Removes a member that this process has made; a failure is added to {@code because}. */
    void remove(MemberUri uri, BlockIoException because) {
        try {
            stores.forUri(uri).delete(uri);
        } catch (BlockIoException e) {
            because.addSuppressed(e);
        }
    }
}
