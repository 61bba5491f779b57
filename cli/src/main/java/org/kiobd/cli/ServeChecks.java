package org.kiobd.cli;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.loop.UnixSocketFile;

/**
 * Checks the options of a server as far as possible without a volume. The checks run before any volume is opened, so that a mistyped option
 * leaves all volumes unchanged. Stateless.
 */
final class ServeChecks {
    private ServeChecks() {}

    /**
     * Checks all options.
     *
     * @throws CommandFailure for the first wrong option, with a one-line message
     * @throws BlockIoException if the path of a Unix socket is in use or is not a socket, with a one-line message
     */
    static void check(ServeOptions options) throws BlockIoException {
        options.threads();
        options.spinNanos();
        options.memoryBytes();
        options.limits();
        options.mergeLimits();
        options.cacheMode();
        checkAddresses(options.addresses());
        Set<Path> paths = new HashSet<>();
        for (Path path : options.unix) {
            checkUnix(path, paths);
        }
        if (options.runOptions.pidFile != null) {
            new PidFile(options.runOptions.pidFile).check();
        }
        options.engine();
    }

    private static void checkAddresses(List<ServeOptions.Address> addresses) {
        Set<ServeOptions.Address> seen = new HashSet<>();
        for (ServeOptions.Address address : addresses) {
            String text = "--listen=" + address.host() + ":" + address.port();
            if (address.port() != 0 && !seen.add(address)) {
                throw usage(text + " is given twice");
            }
            try {
                InetAddress.getAllByName(address.host());
            } catch (UnknownHostException e) {
                throw usage(text + ": unknown host; nothing is served; give an address of this machine");
            }
        }
    }

    private static void checkUnix(Path path, Set<Path> seen) throws BlockIoException {
        Path absolute = path.toAbsolutePath().normalize();
        int bytes = absolute.toString().getBytes(StandardCharsets.UTF_8).length;
        if (bytes > UnixSocketFile.MAX_PATH_BYTES) {
            throw usage("--unix=" + path + " is too long for a socket: bytes=" + bytes + " maximum="
                    + UnixSocketFile.MAX_PATH_BYTES + "; nothing is served; give a shorter path");
        }
        if (!seen.add(absolute)) {
            throw usage("--unix=" + path + " is given twice");
        }
        if (!Files.isDirectory(absolute.resolveSibling(""))) {
            throw usage("--unix=" + path + ": there is no folder " + absolute.resolveSibling("")
                    + "; nothing is served; make it or give another path");
        }
        new UnixSocketFile(path).check();
    }

    /**
     * Checks that all exports have different names, and that all images exist.
     *
     * @param volumes names of the volumes, which differ already
     */
    static void checkNames(Set<String> volumes, List<Path> images) {
        Set<String> seen = new HashSet<>(volumes);
        for (Path image : images) {
            String name = rawName(image);
            if (!seen.add(name)) {
                throw usage("--raw=" + image + ": another " + (volumes.contains(name) ? "volume" : "image")
                        + " to be served has the name " + name
                        + "; nothing is served; leave one out, or give it another name by a symbolic link");
            }
            if (!Files.exists(image) || Files.isDirectory(image)) {
                throw new CommandFailure(
                        ExitCode.FAILED, "--raw=" + image + " is not a file; nothing is served; name a disk image");
            }
        }
    }

    /** Returns the export name of an image. */
    static String rawName(Path image) {
        String absolute = image.toAbsolutePath().normalize().toString();
        String name = absolute.substring(absolute.lastIndexOf('/') + 1);
        if (name.isEmpty()) {
            throw usage("--raw=" + image + " is not a file; nothing is served");
        }
        return name;
    }

    private static CommandFailure usage(String text) {
        return new CommandFailure(ExitCode.USAGE, text);
    }
}
