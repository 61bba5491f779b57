package org.kiobd.volume.testkit;

import com.sun.jna.Native;
import java.nio.file.Path;

/** A file's descriptor, which Java keeps to itself; open until it is closed. */
public final class Descriptor implements AutoCloseable {
    /** open(2). */
    public static final int O_RDONLY = 0;

    public static final int O_RDWR = 2;
    public static final int O_APPEND = 02000;

    static {
        Native.register(Descriptor.class, "c");
    }

    private final int fd;

    private Descriptor(int fd) {
        this.fd = fd;
    }

    /** @throws IllegalStateException if there is no such file, or it cannot be opened so */
    public static Descriptor open(Path path, int flags) {
        int fd = open(path.toString(), flags, 0);
        if (fd < 0) {
            throw new IllegalStateException("cannot open " + path + ": errno=" + Native.getLastError());
        }
        return new Descriptor(fd);
    }

    public int fd() {
        return fd;
    }

    @Override
    public void close() {
        close(fd);
    }

    private static native int open(String path, int flags, int mode);

    private static native int close(int fd);
}
