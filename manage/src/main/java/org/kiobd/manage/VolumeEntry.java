package org.kiobd.manage;

import org.jspecify.annotations.Nullable;
import org.kiobd.manage.catalog.ServerState;
import org.kiobd.store.format.VolumeManifest;

/**
 * A volume or a snapshot in a list.
 *
 * @param name of it
 * @param manifest what it is; null if it is unfinished or could not be looked at
 * @param usedBytes what its members occupy; -1 if that is not known
 * @param heldBytes what deleting this snapshot alone would free; -1 if that is not known, or it is a volume
 * @param server who serves it; null if nobody does
 * @param health how it is
 */
public record VolumeEntry(
        String name,
        @Nullable VolumeManifest manifest,
        long usedBytes,
        long heldBytes,
        @Nullable ServerState server,
        Health health) {

    /** Returns an entry of which only the name and the health are known. */
    static VolumeEntry unread(String name, Health health) {
        return new VolumeEntry(name, null, -1, -1, null, health);
    }
}
