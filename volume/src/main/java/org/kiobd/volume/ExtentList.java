package org.kiobd.volume;

import java.util.ArrayList;
import java.util.List;

/** Builds an answer to {@link BlockDevice#extents}: joins adjacent extents of one kind and limits their number. Not thread-safe. */
public final class ExtentList {
    private final int maxExtents;
    private final List<Extent> extents = new ArrayList<>();
    private Extent.Kind kind = Extent.Kind.DATA;
    private long lengthBytes;

    /** @param maxExtents maximum number of extents, 1 or more */
    public ExtentList(int maxExtents) {
        this.maxExtents = maxExtents;
    }

    /**
     * Appends bytes of one kind.
     *
     * @param moreBytes number of bytes, 1 or more
     * @return false if the bytes would begin one extent too many: they are not appended, and the caller must not add more
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

    /** Returns all extents. The builder must not be used afterwards. */
    public List<Extent> finish() {
        if (lengthBytes > 0) {
            extents.add(new Extent(lengthBytes, kind));
        }
        return extents;
    }
}
