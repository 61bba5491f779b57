package org.kiobd.volume;

/**
 * Reports an error of a device or a member outside the data path, e.g. when it is opened or resized, or when a superblock is written.
 * The message is one line that tells a person what to do. On the data path an error is an {@link IoError}, never an exception.
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

    /** Returns the message; never null. */
    @Override
    public String getMessage() {
        return text;
    }

    public IoError error() {
        return error;
    }
}
