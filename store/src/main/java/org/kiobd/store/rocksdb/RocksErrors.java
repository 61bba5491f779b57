package org.kiobd.store.rocksdb;

import org.kiobd.store.file.SystemErrors;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;
import org.rocksdb.RocksDBException;
import org.rocksdb.Status;

/** Maps errors of RocksDB to {@link IoError} and {@link BlockIoException}. Stateless. */
final class RocksErrors {
    private RocksErrors() {}

    static IoError toIoError(RocksDBException failure) {
        Status status = failure.getStatus();
        if (status == null) {
            return IoError.IO;
        }
        // A write that still stalls after the bounded wait is waiting for space.
        if (isStall(failure) || status.getSubCode() == Status.SubCode.NoSpace || says(failure, "No space left")) {
            return IoError.NO_SPACE;
        }
        if (status.getSubCode() == Status.SubCode.MemoryLimit) {
            return IoError.NO_MEMORY;
        }
        // Of a system error RocksDB keeps only the text.
        IoError told = status.getState() == null ? null : SystemErrors.toIoError(status.getState());
        return told == null ? IoError.IO : told;
    }

    /**
     * Returns whether the message contains {@code words}: for a write that waited for a flush, or was queued after such a write, only the
     * message tells the cause.
     */
    private static boolean says(RocksDBException failure, String words) {
        return failure.getMessage() != null && failure.getMessage().contains(words);
    }

    /** Returns whether RocksDB refused a write because it would have had to wait. */
    static boolean isStall(RocksDBException failure) {
        Status status = failure.getStatus();
        return status != null && status.getCode() == Status.Code.Incomplete;
    }

    /** Returns whether the stored data is damaged, as opposed to unreachable. */
    static boolean isDamage(RocksDBException failure) {
        Status status = failure.getStatus();
        return status != null && status.getCode() == Status.Code.Corruption;
    }

    /** Returns an exception whose message, for users, begins with {@code what}. */
    static BlockIoException failure(String what, RocksDBException failure) {
        return new BlockIoException(toIoError(failure), what + ": " + failure.getMessage(), failure);
    }
}
