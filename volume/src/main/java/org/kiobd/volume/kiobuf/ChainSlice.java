package org.kiobd.volume.kiobuf;

import org.jspecify.annotations.Nullable;

/**
 * A part of one fragment of one original, returned by a {@link ChainCursor}: the clone header of the 2001 kiobuf debate, reduced to five
 * fields. A flyweight that belongs to its cursor and changes at the next step; a caller that needs the slice longer copies the fields.
 */
public final class ChainSlice {
    @Nullable
    Kiobuf original;

    @Nullable
    Fragment fragment;

    int fragmentOffsetBytes;
    long originalOffsetBytes;
    long lengthBytes;

    ChainSlice() {}

    /** Returns the request that the slice belongs to. */
    public Kiobuf original() {
        if (original == null) {
            throw new IllegalStateException("the cursor has not moved yet");
        }
        return original;
    }

    /** Borrows the fragment; null for an op that carries no data. */
    public @Nullable Fragment fragment() {
        return fragment;
    }

    /** Returns the offset of the slice in its fragment. */
    public int fragmentOffsetBytes() {
        return fragmentOffsetBytes;
    }

    /** Returns the offset of the slice in its original. */
    public long originalOffsetBytes() {
        return originalOffsetBytes;
    }

    public long lengthBytes() {
        return lengthBytes;
    }
}
