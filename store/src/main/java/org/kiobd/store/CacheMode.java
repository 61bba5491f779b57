package org.kiobd.store;

import java.util.Locale;

/**
 * What a server hasRoom the kernel's page cache do for its members; the words are those of {@code qemu-nbd --cache}. Chosen when a member is
 * opened, for as long as it is open, and kept nowhere: size, flags and block sizes of an export do not depend on it. A store that has no
 * use for a mode stays with {@link #WRITEBACK}, and says so ({@link MemberStore#cacheMode()}). Immutable.
 */
public enum CacheMode {
    /** Reads and writes go through the page cache; FLUSH and FUA reach the medium. */
    WRITEBACK,

    /** Past the page cache (O_DIRECT); FLUSH and FUA reach the medium. */
    NONE,

    /** Through the page cache, and FLUSH and FUA are answered without a sync: what was acknowledged may be lost when the machine ends. */
    UNSAFE;

    /** As it is said on the command line. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
