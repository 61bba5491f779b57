package org.kiobd.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.trace.RequestTrace;
import org.kiobd.store.file.SystemErrors;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options for a server's log on standard error, and for its trace of requests. */
final class LogOptions {
    @Mixin
    private LogLevelOptions levels = new LogLevelOptions();

    @Option(
            names = "--trace",
            paramLabel = "FILE",
            description = "append a line of JSON to FILE for each request, with the times of its stages")
    private @Nullable Path trace;

    /**
     * Applies the options to this process.
     *
     * @param quietly whether the default level is warn instead of info
     */
    void apply(boolean quietly) {
        levels.apply(quietly);
    }

    /** Opens the trace, owned by the caller; null if there is none. */
    @Nullable
    RequestTrace openTrace() {
        if (trace == null) {
            return null;
        }
        try {
            if (Files.exists(trace, LinkOption.NOFOLLOW_LINKS) && !RequestTrace.isTrace(trace)) {
                throw untraceable("is there, is not a trace and was not touched");
            }
            return RequestTrace.open(trace);
        } catch (IOException e) {
            throw untraceable("cannot be written: " + SystemErrors.describe(e));
        }
    }

    private CommandFailure untraceable(String why) {
        return new CommandFailure(
                ExitCode.USAGE, "--trace=" + trace + " " + why + "; nothing is served; give another path");
    }
}
