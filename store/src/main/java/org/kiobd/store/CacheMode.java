package org.kiobd.store;

import java.util.Locale;

/**
 * How a server uses the kernel's page cache for its members; the names are those of {@code qemu-nbd --cache}. The mode is chosen when a
 * member is opened, holds while it is open and is not stored anywhere: size, flags and block sizes of an export do not depend on it. A
 * store that does not support a mode uses {@link #WRITEBACK} and reports that ({@link MemberStore#cacheMode()}). Immutable.
 */
public enum CacheMode {
    /** Reads and writes go through the page cache; FLUSH and FUA reach the medium. */
    WRITEBACK,

    /** Reads and writes bypass the page cache (O_DIRECT); FLUSH and FUA reach the medium. */
    NONE,

    /** Reads and writes go through the page cache; FLUSH and FUA do not sync, so a machine crash may lose acknowledged data. */
    UNSAFE;

    /** Returns the name used on the command line. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
