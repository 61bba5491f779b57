package org.kiobd.raid;

import java.util.ArrayList;
import java.util.List;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.volume.BlockIoException;

/** Gives members that were made at temporary places their own, all of them or none. Control threads. */
final class MemberSettling {
    private final MemberStores stores;

    MemberSettling(MemberStores stores) {
        this.stores = stores;
    }

    /**
     * Renames each member in {@code aside} to its place; nobody has one open.
     *
     * @return where they are now
     * @throws BlockIoException if something is at a place: it was not touched, and the members are removed
     */
    List<MemberUri> settle(List<MemberUri> aside, List<MemberUri> places) throws BlockIoException {
        List<MemberUri> now = new ArrayList<>(aside);
        try {
            for (int i = 0; i < places.size(); i++) {
                // A member without a name has the one that its store gave it; one whose store cannot rename is there.
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
     * The same failure in words about the member's own place: nobody has heard of the temporary one.
     *
     * @param aside where the member was to be made
     * @param place where it was to be in the end; without a location if its store names it
     */
    static BlockIoException inWordsOf(MemberUri place, MemberUri aside, BlockIoException failure) {
        String message = failure.getMessage();
        if (place.location().isEmpty() || message == null || !message.contains(aside.location())) {
            return failure;
        }
        return new BlockIoException(failure.error(), message.replace(aside.location(), place.location()), failure);
    }

    /** Removes a member that this process has made. */
    void remove(MemberUri uri, BlockIoException because) {
        try {
            stores.forUri(uri).delete(uri);
        } catch (BlockIoException e) {
            because.addSuppressed(e);
        }
    }
}
