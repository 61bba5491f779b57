package org.kiobd.cli;

import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.kiobd.attach.SupervisorLock;

/** Starts the supervisor of attachments in a process of its own, which outlives this one. Stateless. */
final class SupervisorProcess {
    private static final Path LOG = Path.of("/run/kiobd/attachd.log");

    /** It must not need much memory: it may be needed to free some. */
    private static final List<String> JVM = List.of(
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xms16m",
            "-Xmx32m",
            "-Xss512k",
            "-XX:-UsePerfData",
            "-XX:ReservedCodeCacheSize=16m");

    /** JNA reaches for sun.misc.Unsafe, which Java warns about from this version on and has no option for before. */
    private static final int WARNS_ABOUT_UNSAFE = 24;

    private SupervisorProcess() {}

    /** Starts it, unless it runs. */
    static void start() throws IOException {
        try (SupervisorLock lock = SupervisorLock.take(SupervisorLock.DEFAULT)) {
            if (lock == null) {
                return;
            }
        }
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        List<String> command = new ArrayList<>();
        command.add(java.toString());
        command.addAll(JVM);
        if (Runtime.version().feature() >= WARNS_ABOUT_UNSAFE) {
            command.add("--sun-misc-unsafe-memory-access=allow");
        }
        command.addAll(List.of("-jar", jar().toString(), "attachd"));
        File log = Files.exists(LOG.getParent()) ? LOG.toFile() : new File("/dev/null");
        new ProcessBuilder(command)
                .directory(new File("/"))
                .redirectInput(new File("/dev/null"))
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log))
                .redirectError(ProcessBuilder.Redirect.appendTo(log))
                .start();
    }

    private static Path jar() throws IOException {
        try {
            return Path.of(SupervisorProcess.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IOException("cannot find this program: " + e.getMessage(), e);
        }
    }
}
