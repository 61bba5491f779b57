package org.kiobd.it.clients;

import java.util.Map;
import org.kiobd.it.kit.HostProgram;

/** Which Debian package brings which client. */
final class Peer {
    private static final Map<String, String> PACKAGES = Map.of(
            "nbdinfo", "libnbd-bin",
            "nbdcopy", "libnbd-bin",
            "qemu-img", "qemu-utils",
            "qemu-io", "qemu-utils",
            "qemu-nbd", "qemu-utils",
            "nbdkit", "nbdkit",
            "fio", "fio",
            "strace", "strace",
            "setpriv", "util-linux",
            "unshare", "util-linux");

    private Peer() {}

    /** Fails, naming the package and {@code it/verify}, if {@code program} is one of the peers and missing. */
    static void require(String program) {
        String debianPackage = PACKAGES.get(program);
        if (debianPackage != null) {
            HostProgram.require(program, debianPackage);
        }
    }
}
