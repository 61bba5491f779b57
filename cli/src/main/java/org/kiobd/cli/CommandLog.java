package org.kiobd.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.filter.Filter;
import ch.qos.logback.core.spi.FilterReply;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Log filter that limits the output of a command to its answer or its one-line error. The errors that rooms log in a server reach a command
 * as exceptions, and the command prints them itself. The filter passes only bugs (errors with a stack trace), each message once. Any
 * thread.
 */
final class CommandLog extends Filter<ILoggingEvent> {
    private final Set<String> said = ConcurrentHashMap.newKeySet();

    /** A separate class, so that a command that logs nothing does not load the logging classes. */
    static final class Switch {
        private static volatile boolean on;

        private Switch() {}

        /** Turns the filter on for a command, or off for a server and for debugging. */
        static void set(boolean isCommand) {
            on = isCommand;
        }
    }

    @Override
    public FilterReply decide(ILoggingEvent event) {
        if (!Switch.on) {
            return FilterReply.NEUTRAL;
        }
        boolean isBug = event.getLevel().isGreaterOrEqual(Level.ERROR) && event.getThrowableProxy() != null;
        return isBug && said.add(event.getMessage()) ? FilterReply.NEUTRAL : FilterReply.DENY;
    }
}
