package org.kiobd.volume;

/**
 * The reason why a request failed, in terms of the block layer. The front end maps each constant to its wire number in one place; stores
 * map errno values to these constants in one place. The order of the constants is not persisted anywhere: only {@link #code()} is
 * compared, and only to break ties between two failures at the same byte.
 */
public enum IoError {
    /** The medium failed, or no other constant describes the error (EIO). */
    IO(1),
    /** The storage of the device has no space left (ENOSPC; also EDQUOT and EFBIG). */
    NO_SPACE(2),
    /** The request itself is wrong (EINVAL). */
    INVALID(3),
    /** The request is not permitted, e.g. a write to a read-only device (EPERM). */
    NOT_PERMITTED(4),
    /** The process or the system ran out of memory or file descriptors (ENOMEM; also EMFILE and ENFILE). */
    NO_MEMORY(5),
    /** The device does not support the request, as its capabilities say (ENOTSUP). */
    NOT_SUPPORTED(6),
    /** The request is too large (EOVERFLOW). */
    OVERFLOW(7),
    /** The request was not issued because its client went away. No reply is sent for it. */
    DROPPED(8);

    private static final IoError[] BY_CODE = new IoError[9];

    static {
        for (IoError error : values()) {
            BY_CODE[error.code] = error;
        }
    }

    private final int code;

    IoError(int code) {
        this.code = code;
    }

    /**
     * Returns whether this error, met while stored data is examined, means damage: the data is missing, it is wrong, or its medium fails.
     * The other errors only mean that the data could not be examined now or from here; they say nothing about the data.
     */
    public boolean isDamage() {
        return switch (this) {
            case IO, INVALID, OVERFLOW -> true;
            case NO_SPACE, NOT_PERMITTED, NO_MEMORY, NOT_SUPPORTED, DROPPED -> false;
        };
    }

    /** Returns a small positive number, 1 to 8, that is stable while the process runs. */
    public int code() {
        return code;
    }

    /** Returns the error with this {@link #code()}. */
    public static IoError ofCode(int code) {
        return BY_CODE[code];
    }
}
