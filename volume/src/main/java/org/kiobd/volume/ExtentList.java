package org.kiobd.volume;

import java.util.ArrayList;
import java.util.List;

/** Builds an answer to {@link BlockDevice#extents}: joins neighbours of one kind, and knows when there are enough. Not thread-safe. */
public final class ExtentList {
    private final int maxExtents;
    private final List<Extent> extents = new ArrayList<>();
    private Extent.Kind kind = Extent.Kind.DATA;
    private long lengthBytes;

    /** @param maxExtents 1 or more */
    public ExtentList(int maxExtents) {
        this.maxExtents = maxExtents;
    }

    /**
     * The next bytes, 1 or more.
     *
     * @return false if they would begin one extent too many: they are not taken, and nothing is any more
     */
    public boolean add(long moreBytes, Extent.Kind ofKind) {
        if (lengthBytes > 0 && ofKind == kind) {
            lengthBytes += moreBytes;
            return true;
        }
        if (lengthBytes > 0) {
            if (extents.size() + 1 == maxExtents) {
                return false;
            }
            extents.add(new Extent(lengthBytes, kind));
        }
        kind = ofKind;
        lengthBytes = moreBytes;
        return true;
    }

    /** All of them. The builder is used up. */
    public List<Extent> finish() {
        if (lengthBytes > 0) {
            extents.add(new Extent(lengthBytes, kind));
        }
        return extents;
    }
}
