package org.kiobd.nbd.transmission;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import org.kiobd.nbd.protocol.NbdCommand;

/** What one connection has asked for. Written on its loop only, without the price of an atomic addition; read anywhere. */
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

    /** A request's header was read. */
    void received(NbdCommand command) {
        // The place in the enum is only a place in the array: nothing outside sees it.
        int at = command.compareTo(COMMANDS[0]);
        requests.setRelease(at, requests.getPlain(at) + 1);
    }

    /** The socket has brought something. */
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

    /** By command, those that came at all. */
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
