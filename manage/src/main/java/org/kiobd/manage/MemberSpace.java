package org.kiobd.manage;

import org.jspecify.annotations.Nullable;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;

/**
 * What the members of a volume occupy together, as far as can be seen from outside.
 *
 * @param usedBytes -1 if that is not known
 * @param missing a member that is not there; null if all are
 * @param unseen why one could not be looked at; null if all could
 */
public record MemberSpace(
        long usedBytes,
        @Nullable MemberUri missing,
        @Nullable BlockIoException unseen) {

    /** Returns what those of {@code manifest} occupy. */
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
