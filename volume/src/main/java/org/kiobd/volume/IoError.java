package org.kiobd.volume;

/**
 * Why a request failed, in the words of the block layer. The front end maps each to its own wire number in one place; stores map
 * errno to these in one place. The order is the persistence order of nothing: only {@link #code()} is compared, and only to break
 * ties between two failures at the same byte.
 */
public enum IoError {
    /** The medium failed, or something happened that no finer word describes (EIO). */
    IO(1),
    /** No space left behind the device (ENOSPC; also EDQUOT and EFBIG). */
    NO_SPACE(2),
    /** The request itself is wrong (EINVAL). */
    INVALID(3),
    /** Not permitted, e.g. a write to a read-only device (EPERM). */
    NOT_PERMITTED(4),
    /** Memory ran out, or open files did (ENOMEM; also EMFILE and ENFILE). */
    NO_MEMORY(5),
    /** The device cannot do this, and said so in its capabilities (ENOTSUP). */
    NOT_SUPPORTED(6),
    /** Too much for one request (EOVERFLOW). */
    OVERFLOW(7),
    /** Never issued: its client went away first. No reply is sent for it. */
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
     * Whether who meets it when he looks at what is stored has found damage: it is not there, it is not what it should be, or its medium
     * fails. The others say that somebody could not look, now or here, and nothing of what is stored.
     */
    public boolean isDamage() {
        return switch (this) {
            case IO, INVALID, OVERFLOW -> true;
            case NO_SPACE, NOT_PERMITTED, NO_MEMORY, NOT_SUPPORTED, DROPPED -> false;
        };
    }

    /** A small positive number, stable within a run: 1 to 8. */
    public int code() {
        return code;
    }

    /** The error with this {@link #code()}. */
    public static IoError ofCode(int code) {
        return BY_CODE[code];
    }
}
