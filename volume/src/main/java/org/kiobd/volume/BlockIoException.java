package org.kiobd.volume;

/**
 * An operating error of a device or a member outside the data path: opening, resizing, writing a superblock. The message is one line
 * a person can act on. On the data path errors travel as {@link IoError}, never as exceptions.
 */
public final class BlockIoException extends java.io.IOException {
    private static final long serialVersionUID = 1L;

    private final IoError error;
    private final String text;

    public BlockIoException(IoError error, String message) {
        super(message);
        this.error = error;
        this.text = message;
    }

    public BlockIoException(IoError error, String message, Throwable cause) {
        super(message, cause);
        this.error = error;
        this.text = message;
    }

    /** Never null here. */
    @Override
    public String getMessage() {
        return text;
    }

    public IoError error() {
        return error;
    }
}
