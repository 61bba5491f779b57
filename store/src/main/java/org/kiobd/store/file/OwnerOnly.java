package org.kiobd.store.file;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has this process make files and folders that only their owner may read, whoever makes them: a database makes its own, whenever it likes.
 * Once, before the first.
 */
public final class OwnerOnly {
    private static final Logger LOG = LoggerFactory.getLogger(OwnerOnly.class);
    private static final int GROUP_AND_OTHERS = 077;
    private static final int USUAL = 022;

    private OwnerOnly() {}

    /** @return what the process was started with: the bits that are to be missing in what others shall reach all the same */
    public static int begin() {
        try {
            return Libc.umask(GROUP_AND_OTHERS);
        } catch (LinkageError e) {
            LOG.debug("the modes of files are left as they are", e);
            return USUAL;
        }
    }
}
