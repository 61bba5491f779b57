package org.kiobd.manage.catalog;

import java.nio.file.AccessDeniedException;
import org.kiobd.store.file.SystemErrors;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/** Makes the exceptions of the catalog. Stateless. */
final class CatalogErrors {
    private CatalogErrors() {}

    /** Returns the exception for a request that cannot be fulfilled as it is. */
    static BlockIoException invalid(String text) {
        return new BlockIoException(IoError.INVALID, text);
    }

    /**
     * Returns the exception for a failure of the file system.
     *
     * @param what what could not be done, with the path
     */
    static BlockIoException failed(String what, Exception e) {
        return e instanceof AccessDeniedException
                ? new BlockIoException(
                        IoError.NOT_PERMITTED,
                        what + ": permission denied; use an account that has permission, or another --home",
                        e)
                : SystemErrors.failure(what, e);
    }
}
