package org.kiobd.volume.kiobuf;

import org.jspecify.annotations.Nullable;

/**
 * A part of one fragment of one original, as a {@link ChainCursor} hands it out: the clone header of the 2001 debate, reduced to five
 * numbers. A flyweight that belongs to its cursor and changes at the next step; who needs it longer copies the numbers.
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

    /** The request these bytes belong to. */
    public Kiobuf original() {
        if (original == null) {
            throw new IllegalStateException("the cursor has not moved yet");
        }
        return original;
    }

    /** The memory, borrowed; null for an op that carries no data. */
    public @Nullable Fragment fragment() {
        return fragment;
    }

    /** Where the slice begins inside its fragment. */
    public int fragmentOffsetBytes() {
        return fragmentOffsetBytes;
    }

    /** Where the slice begins inside its original. */
    public long originalOffsetBytes() {
        return originalOffsetBytes;
    }

    public long lengthBytes() {
        return lengthBytes;
    }
}
