package org.kiobd.nbd.client;

import java.io.IOException;
import java.util.OptionalLong;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.protocol.NbdErrno;
import org.kiobd.nbd.protocol.NbdText;

/** Why something an NBD client was asked for did not happen, in one line. Immutable. */
public final class NbdException extends IOException {
    private static final long serialVersionUID = 1L;
    private static final long NOWHERE = -1;

    /** Who failed. */
    public enum Kind {
        /** The server answered this one request with an error; the connection goes on. */
        SERVER,
        /** Not sent at all: it could not have been answered. The connection goes on. */
        REFUSED,
        /** The connection ended, or there never was one. Whether the request was executed is unknown. */
        LOST,
        /** The server broke the protocol, so the connection was closed. Whether the request was executed is unknown. */
        BROKEN
    }

    private final Kind kind;
    private final int errno;
    private final String text;
    private final String serverText;
    private final long atOffset;

    private NbdException(Kind kind, int errno, String text, String serverText, long atOffset) {
        super(text);
        this.kind = kind;
        this.errno = errno;
        this.text = text;
        this.serverText = serverText;
        this.atOffset = atOffset;
    }

    /** The server's answer to a request. */
    static NbdException answered(String request, int errno, String serverText, OptionalLong atOffset) {
        String said = NbdText.printable(serverText);
        String text = "the server answered " + NbdErrno.name(errno) + " to " + request
                + (atOffset.isPresent() ? " atOffset=" + Long.toUnsignedString(atOffset.getAsLong()) : "")
                + (said.isEmpty() ? "" : ": " + said);
        return new NbdException(Kind.SERVER, errno, text, serverText, atOffset.orElse(NOWHERE));
    }

    static NbdException refused(int errno, String text) {
        return new NbdException(Kind.REFUSED, errno, text, "", NOWHERE);
    }

    /** @param serverText what the server said about it; may be empty */
    static NbdException refusedByServer(int errno, String text, String serverText) {
        return new NbdException(Kind.REFUSED, errno, text, serverText, NOWHERE);
    }

    static NbdException lost(String text, @Nullable Throwable cause) {
        return (NbdException) new NbdException(Kind.LOST, NbdErrno.NBD_ESHUTDOWN, text, "", NOWHERE).initCause(cause);
    }

    static NbdException broken(String text) {
        return new NbdException(Kind.BROKEN, NbdErrno.NBD_EIO, text, "", NOWHERE);
    }

    /** The same failure, told of what failed with it. */
    NbdException during(String what) {
        NbdException copy = new NbdException(kind, errno, what + ": " + text, serverText, atOffset);
        copy.initCause(this);
        return copy;
    }

    /** The one behind what a future failed with; what is none becomes {@link Kind#LOST}. */
    public static NbdException of(Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause instanceof NbdException known ? known : lost(String.valueOf(cause.getMessage()), cause);
    }

    public Kind kind() {
        return kind;
    }

    /** A number of {@link NbdErrno}, or whatever else the server sent. */
    public int errno() {
        return errno;
    }

    /** What the server said, as it came: not for a log, it may hold anything. Empty if it said nothing. */
    public String serverText() {
        return serverText;
    }

    /** Where in the export it failed, if the server said. */
    public OptionalLong atOffset() {
        return atOffset == NOWHERE ? OptionalLong.empty() : OptionalLong.of(atOffset);
    }

    /** Never null here. */
    @Override
    public String getMessage() {
        return text;
    }
}
