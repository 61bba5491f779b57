package org.kiobd.manage;

import org.kiobd.store.format.VolumeManifest;

/** Is asked before data are lost for good. Called on the thread of the change, with nothing changed yet. */
@FunctionalInterface
public interface Consent {
    /** Asks nobody. */
    Consent GIVEN = manifest -> {};

    /**
     * Returns if the change may go on; throws what its caller shall get if not.
     *
     * @param manifest of the volume that would be removed, or of the snapshot that a volume would be put back to
     */
    void require(VolumeManifest manifest);
}
