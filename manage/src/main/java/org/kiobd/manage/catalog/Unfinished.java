package org.kiobd.manage.catalog;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;

/**
 * A volume that is incomplete: its creation, import or deletion is in progress, or was interrupted. Immutable.
 *
 * @param name name of the volume or the snapshot
 * @param isUnderWay whether somebody is working on it now
 * @param reason what is or was done, and what to do now, for users
 */
public record Unfinished(String name, boolean isUnderWay, String reason) {

    /** Returns a sentence for an error message. */
    public String message() {
        return VolumeNames.label(name) + " is unfinished: " + reason;
    }

    /**
     * Returns what is unfinished about volume {@code name} in {@code folder}, with or without a manifest; null if nothing is.
     *
     * @param isUnderWay whether somebody else holds its lock
     */
    static @Nullable Unfinished find(Path folder, String name, boolean isUnderWay) {
        boolean isVolume = Files.exists(folder.resolve(ManifestFiles.MANIFEST));
        String remove = "kiobd " + (VolumeNames.isSnapshot(name) ? "snapshot delete " : "delete ") + name;
        String reason = null;
        try {
            Change change = ChangeFile.read(folder);
            if (change != null && (!isVolume || change.operation() == Change.Operation.IMPORT)) {
                String what = "its " + change.describe();
                reason = isUnderWay
                        ? what + " is under way; wait until it is done"
                        : what + ", begun " + change.start().at() + ", was interrupted; "
                                + (isVolume
                                        ? "import again, or roll it back to a snapshot; " + remove + " deletes it"
                                        : remove + " removes the remains, and so does repeating the command");
            } else if (!isVolume && Files.exists(folder.resolve(ManifestFiles.DELETED))) {
                reason = isUnderWay
                        ? "its deletion is under way; wait until it is done"
                        : "its deletion was interrupted; " + remove + " continues it";
            }
        } catch (BlockIoException e) {
            reason = isVolume ? null : e.getMessage();
        }
        return reason == null ? null : new Unfinished(name, isUnderWay, reason);
    }
}
