package org.kiobd.store.file;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sets the umask so that only their owner may access the files and folders that this process creates, including those that a database
 * library creates on its own. To be used once, before the first file is created.
 */
public final class OwnerOnly {
    private static final Logger LOG = LoggerFactory.getLogger(OwnerOnly.class);
    private static final int GROUP_AND_OTHERS = 077;
    private static final int USUAL = 022;

    private OwnerOnly() {}

    /**
     * Sets the umask to 077.
     *
     * @return the previous umask, which applies to files that others may access, e.g. sockets
     */
    public static int begin() {
        try {
            return Libc.umask(GROUP_AND_OTHERS);
        } catch (LinkageError e) {
            LOG.debug("the modes of files are left as they are", e);
            return USUAL;
        }
    }
}
