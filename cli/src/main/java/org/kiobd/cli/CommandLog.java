package org.kiobd.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.filter.Filter;
import ch.qos.logback.core.spi.FilterReply;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Keeps commands to their answer or their one line. What a room logs of an error in a server, a command gets as an exception and says
 * itself; only what is a bug, an error with a stack trace, is let through, and once. Any thread.
 */
final class CommandLog extends Filter<ILoggingEvent> {
    private final Set<String> said = ConcurrentHashMap.newKeySet();

    /** Apart from the filter, so that a command that logs nothing loads no logging. */
    static final class Switch {
        private static volatile boolean on;

        private Switch() {}

        /** From now on this process is a command, or is a server. */
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
