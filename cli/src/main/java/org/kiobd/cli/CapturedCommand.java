package org.kiobd.cli;

import java.io.IOException;
import java.net.URI;
import java.util.Map;
import org.kiobd.nbd.Listener;
import org.kiobd.volume.BlockIoException;
import org.kiobd.volume.IoError;

/** The command of {@code --run}: a shell with the names nbdkit has given its scripts. */
final class CapturedCommand {
    private static final String LOCALE = "LC_ALL";

    /** What {@link #LOCALE} was: "unset", or "set:" and its value. */
    private static final String USERS_LOCALE = "KIOBD_USERS_LC_ALL";

    private static final String IS_SET = "set:";

    private final Process process;

    private CapturedCommand(Process process) {
        this.process = process;
    }

    /** Starts it, with our own standard input, output and error. */
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

    /** The launcher starts us in a UTF-8 locale, whatever the user's is: the command is the user's. */
    private static void restoreLocale(Map<String, String> environment) {
        String saved = environment.remove(USERS_LOCALE);
        if (saved != null && saved.startsWith(IS_SET)) {
            environment.put(LOCALE, saved.substring(IS_SET.length()));
        } else if (saved != null) {
            environment.remove(LOCALE);
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
