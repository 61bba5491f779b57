package org.kiobd.attach.libc;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import java.util.concurrent.TimeUnit;

/** The system calls of this room, by JNA direct mapping. Each behaves as in its man page; a failure throws, with errno. Stateless. */
public final class Libc {
    /** socket(2): with the type of a socket, close it in programs that this process starts. */
    public static final int SOCK_CLOEXEC = 02000000;

    /** socket(7). */
    public static final int SOL_SOCKET = 1;

    public static final int SO_RCVTIMEO = 20;
    public static final int SO_SNDTIMEO = 21;

    /** errno(3). */
    public static final int EINTR = 4;

    public static final int EAGAIN = 11;

    private static final int TIMEVAL_BYTES = 16;

    static {
        Native.register(Libc.class, NativeLibrary.getProcess());
    }

    private Libc() {}

    /**
     * Sets the time limit of receiving or sending.
     *
     * @param option {@link #SO_RCVTIMEO} or {@link #SO_SNDTIMEO}
     * @param timeoutMs 0: none
     */
    public static void limit(int fd, int option, long timeoutMs) throws LastErrorException {
        try (Memory time = new Memory(TIMEVAL_BYTES)) {
            time.setLong(0, timeoutMs / TimeUnit.SECONDS.toMillis(1));
            time.setLong(Long.BYTES, TimeUnit.MILLISECONDS.toMicros(timeoutMs % TimeUnit.SECONDS.toMillis(1)));
            setsockopt(fd, SOL_SOCKET, option, time, TIMEVAL_BYTES);
        }
    }

    /** Sets an option of a socket that is a number. */
    public static void option(int fd, int level, int name, int value) throws LastErrorException {
        setsockopt(fd, level, name, new IntByReference(value).getPointer(), Integer.BYTES);
    }

    /** socket(2). */
    public static native int socket(int domain, int type, int protocol) throws LastErrorException;

    /** bind(2). */
    public static native int bind(int fd, Pointer address, int addressBytes) throws LastErrorException;

    /** connect(2). */
    public static native int connect(int fd, Pointer address, int addressBytes) throws LastErrorException;

    private static native int setsockopt(int fd, int level, int name, Pointer value, int valueBytes)
            throws LastErrorException;

    /** recv(2). */
    public static native long recv(int fd, Pointer buffer, long bytes, int flags) throws LastErrorException;

    /** send(2). */
    public static native long send(int fd, Pointer buffer, long bytes, int flags) throws LastErrorException;

    /** open(2). */
    public static native int open(String path, int flags, int mode) throws LastErrorException;

    /** pread(2). */
    public static native long pread(int fd, Pointer buffer, long bytes, long offset) throws LastErrorException;

    /** close(2); a failure does not throw. */
    public static native int close(int fd);

    /** strerror(3). */
    public static native String strerror(int errno);

    /** mlockall(2). */
    public static native int mlockall(int flags) throws LastErrorException;

    /** prctl(2). */
    public static native int prctl(int option, long second, long third, long fourth, long fifth)
            throws LastErrorException;

    /** setsid(2). */
    public static native int setsid() throws LastErrorException;
}
