package org.kiobd.volume.kiobuf;

import org.jspecify.annotations.Nullable;

/**
 * A position in a chain that moves forward in steps no longer than the caller's limit and no longer than a fragment: one pass over a
 * chain cuts it anywhere, and the chain stays as it was. This is what dissolves the "killer" of 2001: splitting needs a position, not
 * a duplicate. Borrows the chain, which must not be issued meanwhile. One thread.
 */
public final class ChainCursor {
    private final ChainSlice slice = new ChainSlice();
    private @Nullable Kiobuf original;
    private int fragmentIndex;
    private int fragmentUsedBytes;
    private long originalUsedBytes;

    /** A cursor on nothing, to be {@link #reset}. */
    public ChainCursor() {}

    public ChainCursor(KiobufChain chain) {
        reset(chain);
    }

    /** Starts over at the first byte of {@code chain}. */
    public void reset(KiobufChain chain) {
        original = chain.head();
        fragmentIndex = 0;
        fragmentUsedBytes = 0;
        originalUsedBytes = 0;
        skipFinished();
    }

    /** Lets go of the chain, so that a cursor that is kept does not keep memory. */
    public void clear() {
        original = null;
        slice.original = null;
        slice.fragment = null;
    }

    public boolean hasNext() {
        return original != null;
    }

    /**
     * The next slice: at least one byte, at most {@code maxBytes}, inside one fragment (one original, where there is no memory).
     *
     * @param maxBytes 1 or more
     * @return the cursor's own flyweight, valid until the next call
     */
    public ChainSlice next(long maxBytes) {
        Kiobuf current = original;
        if (current == null) {
            throw new java.util.NoSuchElementException("the cursor is at the end of its chain");
        }
        if (maxBytes <= 0) {
            throw new IllegalArgumentException("maxBytes=" + maxBytes + " is not positive");
        }
        slice.original = current;
        slice.originalOffsetBytes = originalUsedBytes;
        if (current.fragmentCount() == 0) {
            slice.fragment = null;
            slice.fragmentOffsetBytes = 0;
            slice.lengthBytes = Math.min(maxBytes, current.lengthBytes() - originalUsedBytes);
        } else {
            Fragment fragment = current.fragment(fragmentIndex);
            slice.fragment = fragment;
            slice.fragmentOffsetBytes = fragmentUsedBytes;
            slice.lengthBytes = Math.min(maxBytes, fragment.lengthBytes() - fragmentUsedBytes);
            fragmentUsedBytes += (int) slice.lengthBytes;
        }
        originalUsedBytes += slice.lengthBytes;
        skipFinished();
        return slice;
    }

    /** Moves off fragments and originals that are used up, empty ones included, so that the next slice has a byte. */
    private void skipFinished() {
        while (original != null) {
            while (fragmentIndex < original.fragmentCount()
                    && fragmentUsedBytes == original.fragment(fragmentIndex).lengthBytes()) {
                fragmentIndex++;
                fragmentUsedBytes = 0;
            }
            if (originalUsedBytes < original.lengthBytes()) {
                return;
            }
            original = original.next();
            fragmentIndex = 0;
            fragmentUsedBytes = 0;
            originalUsedBytes = 0;
        }
    }
}
