package org.kiobd.store;

/**
 * Options for opening a member. Immutable.
 *
 * @param readOnly whether mutations are refused; other processes may then open the member read-only, too
 * @param cache how the member uses the page cache; a store may use another mode, see {@link MemberStore#cacheMode}
 */
public record OpenOptions(boolean readOnly, CacheMode cache) {
    /** Returns the default options, with cache mode {@link CacheMode#WRITEBACK}. */
    public static OpenOptions of(boolean readOnly) {
        return new OpenOptions(readOnly, CacheMode.WRITEBACK);
    }
}
