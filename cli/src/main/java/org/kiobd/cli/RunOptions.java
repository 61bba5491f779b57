package org.kiobd.cli;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options for how a server is started, and for when it ends without a signal. */
final class RunOptions {
    /** sd_listen_fds(3): the first descriptor that a service manager passes. */
    private static final int FIRST_PASSED_FD = 3;

    @Option(
            names = {"-s", "--single"},
            description = "serve one client on the socket that is standard input, and exit when it disconnects")
    boolean single;

    @Option(
            names = "--run",
            paramLabel = "CMD",
            description =
                    "serve while the shell command CMD runs, with $uri, $unixsocket, $port, $exportname and $nbd set; exit with its exit code")
    @Nullable
    String run;

    @Option(names = "--exit-with-parent", description = "exit when the parent process exits")
    boolean exitWithParent;

    @Option(
            names = "--pidfile",
            paramLabel = "PATH",
            description = "write the process id to this file once clients can connect")
    @Nullable
    Path pidFile;

    /**
     * Returns the number of listening sockets that a service manager has passed to this very process; the first is {@link #passedFd}(0).
     */
    int passedSockets() {
        String fds = System.getenv("LISTEN_FDS");
        String pid = System.getenv("LISTEN_PID");
        boolean isForUs = fds != null
                && pid != null
                && pid.equals(String.valueOf(ProcessHandle.current().pid()));
        return isForUs && fds.matches("\\d{1,4}") ? Integer.parseInt(fds) : 0;
    }

    static int passedFd(int index) {
        return FIRST_PASSED_FD + index;
    }

    /** Returns whether the server inherits sockets, which the epoll engine can use and io_uring cannot. */
    boolean inheritsSockets() {
        return single || passedSockets() > 0;
    }

    /**
     * Returns whether standard output belongs to the client, to the command or to the service manager, so that the server must not print
     * there.
     */
    boolean isQuiet() {
        return isCaptive() || passedSockets() > 0;
    }

    /** Returns whether the server ends with its client or its command. Such a server logs only warnings and errors by default. */
    boolean isCaptive() {
        return single || run != null;
    }

    /**
     * Refuses options that exclude each other.
     *
     * @param hasAddresses whether --listen or --unix was given
     */
    void check(boolean hasAddresses) {
        if (single && (hasAddresses || run != null)) {
            throw new CommandFailure(
                    ExitCode.USAGE, "--single serves standard input only: leave --listen, --unix and --run out");
        }
        if (passedSockets() > 0 && (hasAddresses || single)) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "LISTEN_FDS=" + passedSockets()
                            + ": the sockets were passed in; leave --listen, --unix and --single out");
        }
    }
}
