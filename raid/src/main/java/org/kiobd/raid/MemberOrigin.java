package org.kiobd.raid;

import java.util.UUID;
import org.kiobd.store.format.Superblock;

/**
 * The part of a member's superblock that no round changes. Immutable.
 *
 * @param index position of the member in the volume, from 0
 * @param features features of the member, perhaps of a newer version, whose bits must not get lost
 * @param madeBy the change that made the member; nil if an older version did
 */
record MemberOrigin(int index, Superblock.Features features, UUID madeBy) {

    static MemberOrigin of(Superblock superblock) {
        return new MemberOrigin(
                superblock.member().index(),
                superblock.features(),
                superblock.history().madeBy());
    }
}
