package org.kiobd.manage.catalog;

import java.util.UUID;
import org.kiobd.store.MemberStore;
import org.kiobd.store.MemberStores;
import org.kiobd.store.MemberUri;
import org.kiobd.store.format.Superblock;
import org.kiobd.store.format.SuperblockCodec;
import org.kiobd.volume.BlockIoException;

/**
 * What tells a member from all others, also from a later or an earlier one of the same volume at the same place. Immutable.
 *
 * @param volumeUuid the volume it belongs to
 * @param madeBy the change that made it; nil for members of versions that kept none
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
