package org.kiobd.nbd.transmission;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import org.kiobd.nbd.protocol.NbdCommand;

/** The counters of one connection. Only its loop writes them, without the cost of atomic additions; any thread reads them. */
final class ConnectionCounters {
    private static final NbdCommand[] COMMANDS = NbdCommand.values();

    private final AtomicLongArray requests = new AtomicLongArray(COMMANDS.length);
    private final AtomicLong readBytes = new AtomicLong();
    private final AtomicLong writtenBytes = new AtomicLong();
    private final AtomicLong errors = new AtomicLong();
    private final AtomicLong inFlight = new AtomicLong();
    private final AtomicLong lastNanos = new AtomicLong(System.nanoTime());

    private static void add(AtomicLong counter, long amount) {
        counter.setRelease(counter.getPlain() + amount);
    }

    /** Counts a request whose header was read. */
    void received(NbdCommand command) {
        // The position in the enum is only an array index: nothing outside depends on it.
        int at = command.compareTo(COMMANDS[0]);
        requests.setRelease(at, requests.getPlain(at) + 1);
    }

    /** Notes that the socket has delivered data. */
    void heard(long nanos) {
        lastNanos.setRelease(nanos);
    }

    void read(long bytes) {
        add(readBytes, bytes);
    }

    void written(long bytes) {
        add(writtenBytes, bytes);
    }

    void failed() {
        add(errors, 1);
    }

    void inFlight(int requestsNow) {
        inFlight.setRelease(requestsNow);
    }

    /** Returns the number of requests by command, without commands that never came. */
    Map<String, Long> requests() {
        Map<String, Long> byName = new LinkedHashMap<>();
        for (int i = 0; i < COMMANDS.length; i++) {
            if (requests.get(i) > 0) {
                byName.put(COMMANDS[i].name(), requests.get(i));
            }
        }
        return byName;
    }

    long readBytes() {
        return readBytes.get();
    }

    long writtenBytes() {
        return writtenBytes.get();
    }

    long errors() {
        return errors.get();
    }

    int inFlight() {
        return (int) inFlight.get();
    }

    long lastNanos() {
        return lastNanos.get();
    }
}
