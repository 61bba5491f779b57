package org.kiobd.store.rocksdb;

import org.kiobd.store.file.SystemErrors;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.rocksdb.RocksDBException;
import org.rocksdb.Status;

/** RocksDB's errors in our terms. Stateless. */
final class RocksErrors {
    private RocksErrors() {}

    static IoError toIoError(RocksDBException failure) {
        Status status = failure.getStatus();
        if (status == null) {
            return IoError.IO;
        }
        // What is not taken after a while waits for space.
        if (isStall(failure) || status.getSubCode() == Status.SubCode.NoSpace || says(failure, "No space left")) {
            return IoError.NO_SPACE;
        }
        if (status.getSubCode() == Status.SubCode.MemoryLimit) {
            return IoError.NO_MEMORY;
        }
        // Of the system's errors it keeps the words.
        IoError told = status.getState() == null ? null : SystemErrors.toIoError(status.getState());
        return told == null ? IoError.IO : told;
    }

    /** A write that waited for something to be written out, or another that stands behind it, tells why only in words. */
    private static boolean says(RocksDBException failure, String words) {
        return failure.getMessage() != null && failure.getMessage().contains(words);
    }

    /** Whether a write was not made because it would have to wait. */
    static boolean isStall(RocksDBException failure) {
        Status status = failure.getStatus();
        return status != null && status.getCode() == Status.Code.Incomplete;
    }

    /** Whether what is stored is damaged, rather than out of reach. */
    static boolean isDamage(RocksDBException failure) {
        Status status = failure.getStatus();
        return status != null && status.getCode() == Status.Code.Corruption;
    }

    /** For a person. */
    static BlockIoException failure(String what, RocksDBException failure) {
        return new BlockIoException(toIoError(failure), what + ": " + failure.getMessage(), failure);
    }
}
