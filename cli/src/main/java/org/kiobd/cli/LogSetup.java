package org.kiobd.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.joran.spi.ConsoleTarget;
import ch.qos.logback.core.spi.ContextAwareBase;
import ch.qos.logback.core.status.NopStatusListener;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The log configuration unless {@link LogOptions} change it: warnings and errors go to standard error, because standard output belongs to
 * the answers of commands. Logback finds this class itself. It reads no configuration file, which could fail if few files may be open.
 */
public final class LogSetup extends ContextAwareBase implements Configurator {
    static final String APPENDER = "stderr";

    /** Replaces control characters, so that text from a client or a file name cannot forge a log line. */
    private static final String FORMAT =
            "%d{HH:mm:ss.SSS} %-5level %logger{0}: %replace(%msg){'[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}]', '?'}%n";

    /** Loggers that warn, with a stack trace, about a machine without a network, which a server on a Unix socket does not need. */
    private static final List<String> TALKATIVE =
            List.of("io.netty.util.NetUtilInitializations", "io.netty.util.internal.MacAddressUtil");

    @Override
    public ExecutionStatus configure(LoggerContext logging) {
        if (System.getProperty("logback.configurationFile") != null) {
            return ExecutionStatus.INVOKE_NEXT_IF_ANY;
        }
        logging.getStatusManager().add(new NopStatusListener());
        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(logging);
        encoder.setCharset(StandardCharsets.UTF_8);
        encoder.setPattern(FORMAT);
        encoder.start();
        CommandLog filter = new CommandLog();
        filter.setContext(logging);
        filter.start();
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        appender.setContext(logging);
        appender.setName(APPENDER);
        appender.setTarget(ConsoleTarget.SystemErr.getName());
        appender.setEncoder(encoder);
        appender.addFilter(filter);
        appender.start();
        Logger root = logging.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.setLevel(Level.WARN);
        root.addAppender(appender);
        TALKATIVE.forEach(name -> logging.getLogger(name).setLevel(Level.ERROR));
        return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
    }
}
