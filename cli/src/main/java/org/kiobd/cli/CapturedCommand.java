package org.kiobd.cli;

import java.io.IOException;
import java.net.URI;
import java.util.Map;
import org.kiobd.nbd.Listener;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/** The command of {@code --run}: a shell with the names nbdkit has given its scripts. */
final class CapturedCommand {
    private final Process process;

    private CapturedCommand(Process process) {
        this.process = process;
    }

    /** Starts it, with our own standard input, output and error. */
    static CapturedCommand start(String command, Listener listener, String volume) throws BlockIoException {
        URI uri = listener.uri(volume);
        ProcessBuilder shell = new ProcessBuilder("/bin/sh", "-c", command).inheritIO();
        Map<String, String> environment = shell.environment();
        environment.put("uri", uri.toString());
        environment.put("exportname", volume);
        environment.put(
                "unixsocket", listener.path() == null ? "" : listener.path().toString());
        environment.put("port", listener.path() == null ? String.valueOf(listener.port()) : "");
        String host = listener.host().contains(":") ? "[" + listener.host() + "]" : listener.host();
        // As qemu spells it.
        environment.put(
                "nbd",
                listener.path() == null
                        ? "nbd:" + host + ":" + listener.port() + ":exportname=" + volume
                        : "nbd:unix:" + listener.path() + ":exportname=" + volume);
        try {
            return new CapturedCommand(shell.start());
        } catch (IOException e) {
            throw new BlockIoException(IoError.IO, "--run: the shell cannot be started: " + e.getMessage(), e);
        }
    }

    /** Waits for its end. @return its exit code; 128 and more after a signal, as shells have it */
    int await() throws InterruptedException {
        return process.waitFor();
    }

    /** Ends it, if it still runs, and what it has started: a shell does not hand the signal on. */
    void stop() {
        process.descendants().forEach(ProcessHandle::destroy);
        process.destroy();
    }
}
