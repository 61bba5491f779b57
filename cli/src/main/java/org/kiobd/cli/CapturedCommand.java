package org.kiobd.cli;

import java.io.IOException;
import java.net.URI;
import java.util.Map;
import org.kiobd.nbd.Listener;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/** The shell command of {@code --run}. It gets environment variables with the same names as in nbdkit. */
final class CapturedCommand {
    private static final String LOCALE = "LC_ALL";

    /** The user's own {@link #LOCALE}, saved by the launcher: "unset", or "set:" and the value. */
    private static final String USERS_LOCALE = "KIOBD_USERS_LC_ALL";

    private static final String IS_SET = "set:";

    private final Process process;

    private CapturedCommand(Process process) {
        this.process = process;
    }

    /** Starts the shell, which inherits standard input, output and error. */
    static CapturedCommand start(String command, Listener listener, String volume) throws BlockIoException {
        URI uri = listener.uri(volume);
        ProcessBuilder shell =
                new ProcessBuilder("/bin/sh", "-c", "umask " + Umask.started() + "\n" + command).inheritIO();
        Map<String, String> environment = shell.environment();
        restoreLocale(environment);
        environment.put("uri", uri.toString());
        environment.put("exportname", volume);
        environment.put(
                "unixsocket", listener.path() == null ? "" : listener.path().toString());
        environment.put("port", listener.path() == null ? String.valueOf(listener.port()) : "");
        String host = listener.host().contains(":") ? "[" + listener.host() + "]" : listener.host();
        // The syntax of qemu.
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

    /** Restores the user's locale for the command: the launcher has started kiobd in a UTF-8 locale. */
    private static void restoreLocale(Map<String, String> environment) {
        String saved = environment.remove(USERS_LOCALE);
        if (saved != null && saved.startsWith(IS_SET)) {
            environment.put(LOCALE, saved.substring(IS_SET.length()));
        } else if (saved != null) {
            environment.remove(LOCALE);
        }
    }

    /**
     * Waits for the command to end.
     *
     * @return its exit code; after a signal, 128 plus the signal's number, as in shells
     */
    int await() throws InterruptedException {
        return process.waitFor();
    }

    /** Terminates the shell, if it still runs, and all its descendants: a shell does not forward signals to its children. */
    void stop() {
        process.descendants().forEach(ProcessHandle::destroy);
        process.destroy();
    }
}
