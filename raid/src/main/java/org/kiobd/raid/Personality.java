package org.kiobd.raid;

import org.kiobd.raid.layout.StripeLayout;
import org.kiobd.store.format.Superblock;
import org.kiobd.store.format.VolumeManifest;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.kiobd.volume.MemberRun;

/**
 * The part of an array that depends on its layout; md calls it a personality. Everything else of an array, in {@link ArrayDevice} and {@link
 * ArrayPort}, is the same for all layouts. Immutable; any thread.
 */
interface Personality {

    /** Returns the personality of the volume that {@code manifest} describes. */
    static Personality of(VolumeManifest manifest) throws BlockIoException {
        return switch (manifest.layoutId()) {
            case Superblock.LAYOUT_EQUAL_MEMBERS -> new Raid0Personality(StripeLayout.of(manifest));
            default -> throw new BlockIoException(IoError.NOT_SUPPORTED, "layout=" + manifest.layoutId());
        };
    }

    /** Makes the mapper of one event loop, which issues its operations through {@code issuer}. Only that loop may use the mapper. */
    ChainMapper mapper(MemberIssuer issuer, ErrorAttribution errors);

    /** Returns the member that holds the byte at {@code offsetBytes} of the device, and how many bytes from there on it holds. */
    MemberRun memberRun(long offsetBytes);

    /** Returns the device offset of byte {@code memberOffsetBytes} of {@code member}. */
    long deviceOffsetBytes(int member, long memberOffsetBytes);

    /**
     * Returns the number of bytes every member needs for a device of {@code deviceBytes}.
     *
     * @throws ArithmeticException if the result does not fit a signed 64-bit number
     */
    long memberBytes(long deviceBytes);
}
