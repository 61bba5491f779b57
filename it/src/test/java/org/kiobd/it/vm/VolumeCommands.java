package org.kiobd.it.vm;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.List;
import org.kiobd.it.kit.HostCommand;

/** What a guest's script may ask for by {@code host ...} when it works against a {@link VolumeServer}. */
final class VolumeCommands {
    private VolumeCommands() {}

    /**
     * {@code stop-server}, {@code kill-server}, {@code start-server [read-only]}, {@code pause-server}, {@code continue-server},
     * {@code free-port}, {@code move-server PORT}, {@code resize VOLUME SIZE}, {@code kiobd WORD...}, and {@code used VOLUME}: the bytes its
     * files really occupy.
     */
    static HostCommands of(VolumeServer server) {
        return new HostCommands()
                .with("stop-server", words -> server.stop().toString())
                .with("kill-server", words -> {
                    server.kill();
                    return "";
                })
                .with("start-server", words -> {
                    server.start(words.contains("read-only"));
                    return "";
                })
                .with("pause-server", words -> {
                    server.pause();
                    return "";
                })
                .with("continue-server", words -> {
                    server.goOn();
                    return "";
                })
                .with("free-port", words -> Integer.toString(freePort()))
                .with("move-server", words -> {
                    server.moveTo(Integer.parseInt(words.get(0)));
                    return "";
                })
                .with("resize", words -> {
                    server.resize(words.get(0), words.get(1));
                    return "";
                })
                .with("kiobd", server::manage)
                .with("used", words -> Long.toString(usedBytes(server.files(words.get(0)))));
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /** What the file system has allocated, which for a sparse file is not its length. */
    static long usedBytes(List<Path> files) {
        return files.stream()
                .mapToLong(file -> Long.parseLong(HostCommand.output("du", "-s", "--block-size=1", file.toString())
                        .split("\\s", 2)[0]))
                .sum();
    }
}
