package org.kiobd.it.vm;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;

/** Boots a kernel for a script against a server, and gives a test for each of the script's cases. */
abstract class KernelRuns {
    static final List<Volume> USUAL = List.of(new Volume("first", "1G"), new Volume("second", "256M"));
    static final List<Volume> LARGE = List.of(new Volume("large", "1T"));

    /** How often a server is killed under a mounted file system. */
    private static final int CRASH_ROUNDS = Integer.getInteger("kiobd.crash.rounds", 1);

    private static final Duration RUN_TIMEOUT = Duration.ofMinutes(10).plusSeconds(20L * CRASH_ROUNDS);

    private final Deque<AutoCloseable> open = new ArrayDeque<>();

    /** A server with {@code volumes}, newly created and served. Returned owned. */
    abstract VolumeServer serve(String name, List<Volume> volumes);

    final Stream<DynamicTest> run(
            GuestKernel kernel, String scriptName, List<Volume> volumes, Map<String, String> variables) {
        VolumeServer server = serve(scriptName + "-" + kernel.series().version(), volumes);
        open.push(server);
        GuestScript script = GuestScript.resource(scriptName, variables)
                .with("PORT", Integer.toString(server.port()))
                .with("CRASH_ROUNDS", Integer.toString(CRASH_ROUNDS));
        Guest guest = GuestTests.boot(kernel, script, VolumeCommands.of(server), RUN_TIMEOUT);
        open.push(guest);
        return GuestTests.results(guest, kernel, script);
    }

    @AfterEach
    void closeAll() throws Exception {
        while (!open.isEmpty()) {
            open.pop().close();
        }
    }
}
