package org.kiobd.raid;

import java.util.List;
import org.kiobd.store.MemberStore;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockDevice;
import org.kiobd.volume.BlockIoException;

/**
 * An open volume: a block device whose bytes are on members, with any layout. {@link ArrayAssembler#open} chooses the implementation by the
 * layout in the superblocks of the members. The caller that opened the volume owns it. The methods added here may block; never call them on
 * an event loop.
 */
public interface Volume extends BlockDevice {
    /** Returns the current manifest for the catalog; for a raw image, a manifest with the nil UUID. */
    VolumeManifest manifest();

    /** Returns the members, by index; borrowed, for inspection only. */
    List<MemberStore> members();

    /** Returns the present state of the array; any thread. */
    ArrayState state();

    /**
     * Grows the volume while it is in use: first the members, then the superblocks; requests may use the new bytes afterwards.
     *
     * @param newSizeBytes the new size, more than {@link #sizeBytes()}
     * @throws BlockIoException if a member cannot grow; the size is then the old one, or that of an earlier, interrupted growth
     */
    void grow(long newSizeBytes) throws BlockIoException;
}
