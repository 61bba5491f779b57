package org.kiobd.nbd.client;

import java.io.IOException;
import java.util.OptionalLong;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.protocol.NbdErrno;
import org.kiobd.nbd.protocol.NbdText;

/** A failure of an NBD client, with a message of one line. Immutable. */
public final class NbdException extends IOException {
    private static final long serialVersionUID = 1L;
    private static final long NOWHERE = -1;

    /** The kind of a failure. */
    public enum Kind {
        /** The server answered this request with an error; the connection goes on. */
        SERVER,
        /**
         * The client did not send the request, e.g. because the server could only refuse it; the connection goes on. During the handshake:
         * the server refused an option, or cannot do what the client needs.
         */
        REFUSED,
        /** The connection ended or could not be made. It is unknown whether the server executed the request. */
        LOST,
        /** The server violated the protocol, so the client closed the connection. It is unknown whether the server executed the request. */
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

    /** Returns the exception for a request that the server answered with an error. */
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

    /** @param serverText the error text of the server; may be empty */
    static NbdException refusedByServer(int errno, String text, String serverText) {
        return new NbdException(Kind.REFUSED, errno, text, serverText, NOWHERE);
    }

    static NbdException lost(String text, @Nullable Throwable cause) {
        return (NbdException) new NbdException(Kind.LOST, NbdErrno.NBD_ESHUTDOWN, text, "", NOWHERE).initCause(cause);
    }

    static NbdException broken(String text) {
        return new NbdException(Kind.BROKEN, NbdErrno.NBD_EIO, text, "", NOWHERE);
    }

    /** Returns a copy of this failure whose message begins with {@code what}; this failure is its cause. */
    NbdException during(String what) {
        NbdException copy = new NbdException(kind, errno, what + ": " + text, serverText, atOffset);
        copy.initCause(this);
        return copy;
    }

    /** Returns the {@link NbdException} that {@code failure} wraps; any other exception becomes one of {@link Kind#LOST}. */
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

    /** Returns a number of {@link NbdErrno}, or any other number that the server sent. */
    public int errno() {
        return errno;
    }

    /** Returns the error text of the server, unfiltered: it may contain anything and must not be logged. Empty if there is none. */
    public String serverText() {
        return serverText;
    }

    /** Returns the offset in the export at which the request failed, if the server sent it. */
    public OptionalLong atOffset() {
        return atOffset == NOWHERE ? OptionalLong.empty() : OptionalLong.of(atOffset);
    }

    /** Returns the message; never null. */
    @Override
    public String getMessage() {
        return text;
    }
}
