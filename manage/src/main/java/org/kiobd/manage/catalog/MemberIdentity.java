package org.kiobd.manage.catalog;

import java.util.UUID;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.store.format.Superblock;
import org.kiobd.store.format.SuperblockCodec;
import org.kiobd.volume.BlockIoException;

/**
 * Distinguishes a member from members of other volumes, and from an earlier or later member of the same volume at the same place.
 * Immutable.
 *
 * @param volumeUuid UUID of its volume
 * @param madeBy id of the change that made it; nil for members of versions that stored none
 */
public record MemberIdentity(UUID volumeUuid, UUID madeBy) {

    /**
     * Reads the identity of the member at {@code uri} from its superblock. Changes nothing.
     *
     * @throws BlockIoException if it cannot be opened or has no valid superblock
     */
    static MemberIdentity read(MemberStores stores, MemberUri uri) throws BlockIoException {
        try (MemberStore store = stores.forUri(uri).open(uri, true)) {
            Superblock superblock = SuperblockCodec.newestValid(store.readSuperblock(0), store.readSuperblock(1));
            return new MemberIdentity(
                    superblock.volume().uuid(), superblock.history().madeBy());
        }
    }
}
