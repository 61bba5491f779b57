package org.kiobd.attach;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Why something was not attached or detached: one line for people, which says what is unharmed and what to do. */
public class AttachException extends IOException {
    private static final long serialVersionUID = 1L;

    AttachException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
