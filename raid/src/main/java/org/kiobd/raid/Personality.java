package org.kiobd.raid;

import org.kiobd.raid.layout.StripeLayout;
import org.kiobd.store.format.Superblock;
import org.kiobd.volume.MemberRun;
import org.kiobd.volume.kiobuf.Payload;

/**
 * The part of an array that depends on its layout; md calls it a personality. Everything else of an array, in {@link ArrayDevice} and {@link
 * ArrayPort}, is the same for all layouts. Immutable; any thread.
 */
interface Personality {

    /** Returns whether this version knows the layout with this number. */
    static boolean isKnown(int layoutId) {
        return layoutId == Superblock.LAYOUT_EQUAL_MEMBERS;
    }

    /**
     * Returns the personality of a volume, whose layout {@linkplain #isKnown is known}. This is the only place that chooses a layout; other
     * classes ask a personality.
     */
    static Personality of(Superblock.Volume volume) {
        if (!isKnown(volume.layoutId())) {
            throw new IllegalStateException("volume=" + volume.name() + " has an unknown layout=" + volume.layoutId());
        }
        return new Raid0Personality(new StripeLayout(volume.members(), volume.chunkBytes()));
    }

    /** Returns the personality of a plain image, which is its only member. */
    static Personality ofImage() {
        return new Raid0Personality(new StripeLayout(1, ArraySpec.DEFAULT_CHUNK_BYTES));
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

    /** Returns the form in which the mapper can use the payload of WRITEs, given the form that all members prefer. */
    Payload.Form preferredPayload(Payload.Form ofMembers);
}
