package org.kiobd.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Set;
import org.kiobd.store.file.OwnerOnly;

/**
 * Sets the modes of files that this process makes: only the owner may read them, regardless of the umask at the start. That umask applies
 * only to files for others: the sockets of {@code --unix}, the pidfile, and files made by the command of {@code --run}.
 */
final class Umask {
    private static final int ALL = 0777;
    private static final int USUAL = 022;
    private static final int SOCKET = 0777;
    private static final int PIDFILE = 0666;

    private static volatile int started = USUAL;
    private static volatile boolean ownerOnly;

    private Umask() {}

    /** Restricts all files made from now on to their owner. */
    static void ownerOnly() {
        started = OwnerOnly.begin();
        ownerOnly = true;
    }

    /** Returns the umask at the start of the process, in the octal form of shells. */
    static String started() {
        return Integer.toOctalString(ownerOnly ? started : USUAL);
    }

    /** Lets others use a socket, as far as the umask at the start permits. */
    static void openSocket(Path socket) throws IOException {
        open(socket, SOCKET);
    }

    /** Lets others read a pidfile, as far as the umask at the start permits. */
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
        // The values have the order of the mode bits, the highest first.
        PosixFilePermission[] all = PosixFilePermission.values();
        for (int i = 0; i < all.length; i++) {
            if ((mode >> (all.length - 1 - i) & 1) != 0) {
                permissions.add(all[i]);
            }
        }
        return permissions;
    }
}
