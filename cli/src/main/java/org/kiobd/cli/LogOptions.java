package org.kiobd.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.OutputStreamAppender;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.kiobd.nbd.trace.RequestTrace;
import org.kiobd.store.file.SystemErrors;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Option;

/** The options for a server's log on standard error, and for its trace of requests. */
final class LogOptions {
    private static final Set<String> LEVELS = Set.of("error", "warn", "info", "debug");

    @Option(
            names = "--log-level",
            paramLabel = "LEVEL",
            description = "error, warn, info or debug (default: info, which logs when a connection begins and ends;"
                    + " warn with --run and --single)")
    private @Nullable String level;

    @Option(names = "--log-format", paramLabel = "text|json", description = "how to log (default: text)")
    private String format = "text";

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
        String level = this.level != null ? this.level : quietly ? "warn" : "info";
        if (!LEVELS.contains(level)) {
            throw new CommandFailure(
                    ExitCode.USAGE, "--log-level=" + level + " is not known: error, warn, info or debug");
        }
        CommandLog.Switch.set(false);
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        // Less severe messages of libraries are of use only for debugging the libraries.
        Level own = Level.toLevel(level.toUpperCase(Locale.ROOT));
        context.getLogger("org.kiobd").setLevel(own);
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(own.isGreaterOrEqual(Level.WARN) ? own : Level.WARN);
        switch (format) {
            case "text" -> {}
            case "json" -> useJson(context, root.getAppender(LogSetup.APPENDER));
            default -> throw new CommandFailure(ExitCode.USAGE, "--log-format=" + format + " is neither text nor json");
        }
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

    private static void useJson(LoggerContext context, Appender<ILoggingEvent> appender) {
        JsonEncoder encoder = new JsonEncoder();
        encoder.setContext(context);
        encoder.setWithMessage(false);
        encoder.setWithFormattedMessage(true);
        encoder.setWithArguments(false);
        encoder.setWithSequenceNumber(false);
        encoder.setWithContext(false);
        encoder.setWithMDC(false);
        encoder.start();
        if (appender instanceof OutputStreamAppender<ILoggingEvent> stream) {
            stream.stop();
            stream.setEncoder(encoder);
            stream.start();
        }
    }
}
