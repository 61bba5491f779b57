package org.kiobd.nbd;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.ptr.IntByReference;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/**
 * A socket that this process inherited at its start. Asks the kernel for the kind of the socket, and makes the socket non-blocking for an
 * event loop. Linux only.
 */
final class InheritedSocket {
    /** socket(7). */
    private static final int SOL_SOCKET = 1;

    private static final int SO_ACCEPTCONN = 30;
    private static final int SO_DOMAIN = 39;
    private static final int AF_UNIX = 1;

    /** fcntl(2). */
    private static final int F_GETFL = 3;

    private static final int F_SETFL = 4;
    private static final int O_NONBLOCK = 04000;

    /** unix(7): struct sockaddr_un has a family of two bytes and a path of at most 108 bytes, including its terminator. */
    private static final int SOCKADDR_UN_BYTES = 110;

    private final boolean isUnix;
    private final boolean isListening;
    private final @Nullable Path path;

    static {
        Native.register(InheritedSocket.class, NativeLibrary.getProcess());
    }

    private InheritedSocket(boolean isUnix, boolean isListening, @Nullable Path path) {
        this.isUnix = isUnix;
        this.isListening = isListening;
        this.path = path;
    }

    /**
     * Queries the socket {@code fd} and makes it non-blocking.
     *
     * @throws BlockIoException if {@code fd} is not a socket
     */
    static InheritedSocket of(int fd) throws BlockIoException {
        try {
            boolean unix = option(fd, SO_DOMAIN) == AF_UNIX;
            boolean listening = option(fd, SO_ACCEPTCONN) != 0;
            fcntl(fd, F_SETFL, fcntl(fd, F_GETFL, 0) | O_NONBLOCK);
            return new InheritedSocket(unix, listening, unix ? path(fd) : null);
        } catch (LastErrorException e) {
            throw new BlockIoException(
                    IoError.INVALID,
                    "fd=" + fd + " is not a socket: " + e.getMessage()
                            + "; nothing is served; whoever starts kiobd must pass one",
                    e);
        }
    }

    private static int option(int fd, int name) {
        IntByReference value = new IntByReference();
        getsockopt(fd, SOL_SOCKET, name, value, new IntByReference(Integer.BYTES));
        return value.getValue();
    }

    private static @Nullable Path path(int fd) {
        try (Memory address = new Memory(SOCKADDR_UN_BYTES)) {
            address.clear();
            getsockname(fd, address, new IntByReference(SOCKADDR_UN_BYTES - 1));
            String name = address.getString(Short.BYTES);
            return name.isEmpty() ? null : Path.of(name);
        }
    }

    private static native int getsockname(int fd, Memory address, IntByReference lengthBytes) throws LastErrorException;

    private static native int getsockopt(int fd, int level, int name, IntByReference value, IntByReference lengthBytes)
            throws LastErrorException;

    private static native int fcntl(int fd, int command, long argument) throws LastErrorException;

    /** Returns whether the family is AF_UNIX; every other family is treated as TCP. */
    boolean isUnix() {
        return isUnix;
    }

    /** Returns the path of a unix socket; null if it has no name. */
    @Nullable
    Path path() {
        return path;
    }

    /** Returns whether the socket listens; false if the socket is a connection. */
    boolean isListening() {
        return isListening;
    }
}
