package org.kiobd.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Set;
import org.kiobd.store.file.OwnerOnly;

/**
 * Modes of what this process makes: nobody but the owner may read it, whatever umask the process was started with. That umask is for what
 * others are to reach: sockets that were asked for, the pidfile, and what a command makes that was started with {@code --run}.
 */
final class Umask {
    private static final int ALL = 0777;
    private static final int USUAL = 022;
    private static final int SOCKET = 0777;
    private static final int PIDFILE = 0666;

    private static volatile int started = USUAL;
    private static volatile boolean ownerOnly;

    private Umask() {}

    /** From here on. */
    static void ownerOnly() {
        started = OwnerOnly.begin();
        ownerOnly = true;
    }

    /** What the process was started with, as a shell takes it. */
    static String started() {
        return Integer.toOctalString(ownerOnly ? started : USUAL);
    }

    /** Lets others reach a socket that was made for them, as the umask says that this process was started with. */
    static void openSocket(Path socket) throws IOException {
        open(socket, SOCKET);
    }

    /** The same for a pidfile. */
    static void openPidFile(Path file) throws IOException {
        open(file, PIDFILE);
    }

    private static void open(Path file, int mode) throws IOException {
        if (ownerOnly) {
            Files.setPosixFilePermissions(file, permissions(mode & ALL & ~started));
        }
    }

    private static Set<PosixFilePermission> permissions(int mode) {
        Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
        // In the order of the bits, the highest first.
        PosixFilePermission[] all = PosixFilePermission.values();
        for (int i = 0; i < all.length; i++) {
            if ((mode >> (all.length - 1 - i) & 1) != 0) {
                permissions.add(all[i]);
            }
        }
        return permissions;
    }
}
