package org.kiobd.volume.kiobuf;

import org.jspecify.annotations.Nullable;

/**
 * A position in a chain that moves forward in steps no longer than the caller's limit and no longer than a fragment. One pass can cut
 * the chain anywhere and leaves it unchanged. So splitting needs a position and no duplicate of the chain, which answers the "killer"
 * argument of the kiobuf debate of 2001. Borrows the chain, which must not be issued while the cursor is in use. Not thread-safe.
 */
public final class ChainCursor {
    private final ChainSlice slice = new ChainSlice();
    private @Nullable Kiobuf original;
    private int fragmentIndex;
    private int fragmentUsedBytes;
    private long originalUsedBytes;

    /** Creates a cursor without a chain; {@link #reset} gives it one. */
    public ChainCursor() {}

    public ChainCursor(KiobufChain chain) {
        reset(chain);
    }

    /** Moves the cursor to the first byte of {@code chain}. */
    public void reset(KiobufChain chain) {
        original = chain.head();
        fragmentIndex = 0;
        fragmentUsedBytes = 0;
        originalUsedBytes = 0;
        skipFinished();
    }

    /** Drops the references to the chain, so that a cursor kept for reuse does not keep memory. */
    public void clear() {
        original = null;
        slice.original = null;
        slice.fragment = null;
    }

    public boolean hasNext() {
        return original != null;
    }

    /**
     * Returns the next slice: at least one byte, at most {@code maxBytes}, inside one fragment (inside one original if the op carries no
     * data).
     *
     * @param maxBytes maximum length of the slice, 1 or more
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

    /** Skips used-up and empty fragments and originals, so that the next slice has at least one byte. */
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
