package org.kiobd.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.OutputStreamAppender;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Option;

/** The options for the log on standard error of a process that runs for long. */
final class LogLevelOptions {
    private static final Set<String> LEVELS = Set.of("error", "warn", "info", "debug");

    @Option(
            names = "--log-level",
            paramLabel = "LEVEL",
            description =
                    "error, warn, info or debug (default: info; a server then logs when a connection begins and ends,"
                            + " and with --run or --single its default is warn)")
    private @Nullable String level;

    @Option(names = "--log-format", paramLabel = "text|json", description = "how to log (default: text)")
    private String format = "text";

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
