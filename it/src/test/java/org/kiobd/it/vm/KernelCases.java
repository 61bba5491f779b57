package org.kiobd.it.vm;

import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * What a Linux kernel has to find true of a server's volumes: one boot for each script, one test for each of its cases.
 *
 * <p>Subclasses say which server. The newer kernel runs the scripts in which it behaves differently (larger requests,
 * WRITE_ZEROES).
 */
abstract class KernelCases {
    private static final Duration RUN_TIMEOUT = Duration.ofMinutes(10);
    private static final List<Volume> USUAL = List.of(new Volume("first", "1G"), new Volume("second", "256M"));
    private static final List<Volume> LARGE = List.of(new Volume("large", "1T"));

    private final Deque<AutoCloseable> open = new ArrayDeque<>();

    /** A server with {@code volumes}, newly created and served. Returned owned. */
    abstract VolumeServer serve(String name, List<Volume> volumes);

    @TestFactory
    Stream<DynamicTest> basics() {
        return run(GuestTests.requiredKernel(), "kernel-basics", USUAL, Map.of());
    }

    @TestFactory
    Stream<DynamicTest> basicsOnTheNewerKernel() {
        return runOnTheNewerKernel("kernel-basics", USUAL);
    }

    @TestFactory
    Stream<DynamicTest> fourConnections() {
        return run(GuestTests.requiredKernel(), "kernel-connections", USUAL, Map.of("GUEST_CPUS", "4"));
    }

    @TestFactory
    Stream<DynamicTest> restarts() {
        return run(GuestTests.requiredKernel(), "kernel-restart", USUAL.subList(0, 1), Map.of());
    }

    // Without WRITE_ZEROES, 6.1 clears a journal by writing it: up to 1 GiB of zeroes by default, 64 MiB so.
    @TestFactory
    Stream<DynamicTest> largeVolume() {
        return run(
                GuestTests.requiredKernel(),
                "kernel-large",
                LARGE,
                Map.of("MKFS_EXT4_OPTIONS", "-J size=64", "MKFS_XFS_OPTIONS", "-l size=64m"));
    }

    @TestFactory
    Stream<DynamicTest> largeVolumeOnTheNewerKernel() {
        return runOnTheNewerKernel("kernel-large", LARGE);
    }

    /** Where the newer kernel is not to be had, says so where it is read: in the output and as a test's name. */
    private Stream<DynamicTest> runOnTheNewerKernel(String scriptName, List<Volume> volumes) {
        Optional<GuestKernel> kernel = GuestTests.newerKernel();
        if (kernel.isPresent()) {
            return run(kernel.get(), scriptName, volumes, Map.of());
        }
        String text = scriptName + " ran on 6.1 only: Debian's mirror offers no kernel 6.12";
        System.out.println(text);
        return Stream.of(dynamicTest(text, GuestTests::requiredKernel));
    }

    private Stream<DynamicTest> run(
            GuestKernel kernel, String scriptName, List<Volume> volumes, Map<String, String> variables) {
        VolumeServer server = serve(scriptName + "-" + kernel.series().version(), volumes);
        open.push(server);
        GuestScript script = GuestScript.resource(scriptName, variables).with("PORT", Integer.toString(server.port()));
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
