package org.kiobd.store;

/**
 * How a member is to be opened. Immutable.
 *
 * @param readOnly every mutation is refused, and others may read it, too
 * @param cache what the page cache may do for it
 */
public record OpenOptions(boolean readOnly, CacheMode cache) {
    /** As members are opened where nobody asked for anything else. */
    public static OpenOptions of(boolean readOnly) {
        return new OpenOptions(readOnly, CacheMode.WRITEBACK);
    }
}
