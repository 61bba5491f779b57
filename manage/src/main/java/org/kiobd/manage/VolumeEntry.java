package org.kiobd.manage;

import org.jspecify.annotations.Nullable;
import org.kiobd.manage.catalog.ServerState;
import org.kiobd.store.format.VolumeManifest;

/**
 * A volume or a snapshot in a list.
 *
 * @param name name of the volume or snapshot
 * @param manifest its manifest; null if it has none or could not be checked
 * @param usedBytes space that its members occupy; -1 if unknown
 * @param heldBytes space that deleting this snapshot alone would free; -1 if unknown, or if it is a volume
 * @param server its server; null if it is not served
 * @param health its state
 */
public record VolumeEntry(
        String name,
        @Nullable VolumeManifest manifest,
        long usedBytes,
        long heldBytes,
        @Nullable ServerState server,
        Health health) {

    /** Returns an entry with a name and a health, and nothing else. */
    static VolumeEntry unread(String name, Health health) {
        return new VolumeEntry(name, null, -1, -1, null, health);
    }
}
