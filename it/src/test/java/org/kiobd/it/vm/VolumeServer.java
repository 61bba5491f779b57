package org.kiobd.it.vm;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * The server a guest's script works against, with all that is done to it from outside while the guest runs. Closing it
 * ends the server and removes its volumes.
 */
interface VolumeServer extends AutoCloseable {
    /** The port on this host's loopback; the same after each start. */
    int port();

    /** Serves all volumes; the server must not run. */
    void start(boolean readOnly);

    /** Asks the server to end (SIGTERM) and waits; throws unless it ends with exit code 0. Returns what it counted. */
    Map<String, Long> stop();

    /** Kills the server (SIGKILL). */
    void kill();

    /** Stops the server's process for a while (SIGSTOP). */
    default void pause() {
        throw new UnsupportedOperationException("this server cannot be paused");
    }

    /** Lets a paused process go on (SIGCONT). */
    default void goOn() {
        throw new UnsupportedOperationException("this server cannot be paused");
    }

    /** Lets the server listen at another port, from the next start on. */
    default void moveTo(int newPort) {
        throw new UnsupportedOperationException("this server cannot be moved to port=" + newPort);
    }

    /** Grows or shrinks a volume that is being served. */
    void resize(String volume, String size);

    /** Runs a command of the server's own for volumes, and returns what it printed. */
    default String manage(List<String> words) {
        throw new UnsupportedOperationException("this server knows no command=" + words);
    }

    /** The files the volume's bytes lie in. */
    List<Path> files(String volume);

    @Override
    void close();
}
