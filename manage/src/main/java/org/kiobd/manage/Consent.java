package org.kiobd.manage;

import org.kiobd.store.format.VolumeManifest;

/** Asks for consent before data is lost for good. Called on the thread of the change, before anything is changed. */
@FunctionalInterface
public interface Consent {
    /** Consents without asking. */
    Consent GIVEN = manifest -> {};

    /**
     * Returns if the change may go on; otherwise throws the exception for the caller of the change.
     *
     * @param manifest manifest of the volume to be removed, or of the snapshot that a volume is to be rolled back to
     */
    void require(VolumeManifest manifest);
}
