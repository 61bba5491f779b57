package org.kiobd.raid;

import java.util.List;
import org.kiobd.store.MemberStore;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.BlockIoException;

/**
 * An open volume: a block device whose bytes are on members, whatever the layout. {@link ArrayAssembler#open} chooses the implementation
 * by the layout that the members name. Owned by who opened it. The methods added here may block; never call them on a loop.
 */
public interface Volume extends BlockDevice {
    /** Returns what the catalog should say about this volume now; for a raw image, a description with the nil UUID. */
    VolumeManifest manifest();

    /** Returns its members, by index; borrowed, to be looked at. */
    List<MemberStore> members();

    /**
     * Makes the volume larger while it is in use: members first, then superblocks, then requests may use the new bytes.
     *
     * @param newSizeBytes more than {@link #sizeBytes()}
     * @throws BlockIoException if a member cannot grow; the size is then what it was, or what an attempt before this had begun to make it
     */
    void grow(long newSizeBytes) throws BlockIoException;
}
