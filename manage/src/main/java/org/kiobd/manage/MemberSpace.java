package org.kiobd.manage;

import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;

/**
 * The space that all members of a volume occupy, as far as it is known without opening them.
 *
 * @param usedBytes space of all members; -1 if unknown
 * @param missing a member that is missing; null if there is none
 * @param unseen reason why a member could not be checked; null if there is none
 */
public record MemberSpace(
        long usedBytes,
        @Nullable MemberUri missing,
        @Nullable BlockIoException unseen) {

    /** Returns the space of the members of {@code manifest}. */
    public static MemberSpace of(MemberStores stores, VolumeManifest manifest) {
        long sumBytes = 0;
        for (MemberUri uri : manifest.members()) {
            try {
                long bytes = stores.forUri(uri).allocatedBytes(uri);
                if (bytes < 0) {
                    return new MemberSpace(-1, uri, null);
                }
                sumBytes += bytes;
            } catch (BlockIoException e) {
                return new MemberSpace(
                        -1, e.error().isDamage() ? uri : null, e.error().isDamage() ? null : e);
            }
        }
        return new MemberSpace(sumBytes, null, null);
    }
}
