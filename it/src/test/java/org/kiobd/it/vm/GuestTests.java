package org.kiobd.it.vm;

import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/** Turns one boot of a guest into JUnit tests: one for each case of the script, one for the end. */
public final class GuestTests {
    private static final int BOOT_ATTEMPTS = 3;
    private static final Path LOGS = Path.of("target", "guest");

    private GuestTests() {}

    /** Where a run's transcript goes. */
    public static Path logFile(GuestScript script, GuestKernel kernel) {
        return LOGS.resolve("%s-%s.log".formatted(script.name(), kernel.series().version()));
    }

    /**
     * Boots and waits until {@code script} starts; the transcript goes to {@code target/guest}. Returned owned: close it.
     *
     * <p>About one emulated boot in a hundred stands still before its first program on a busy host. That has touched no
     * server yet, so it is booted again, and said; a guest that never comes up fails.
     */
    public static Guest boot(GuestKernel kernel, GuestScript script, HostCommands commands, Duration timeout) {
        Guest.Setup setup = new Guest.Setup(kernel, script, commands, timeout);
        for (int attempt = 1; ; attempt++) {
            Guest guest = Guest.boot(setup, logFile(script, kernel), line -> {});
            try {
                System.out.printf("%s, %s: up after %s%n", script.name(), kernel, guest.awaitUp());
                return guest;
            } catch (IllegalStateException e) {
                guest.close();
                if (attempt == BOOT_ATTEMPTS) {
                    throw e;
                }
                System.out.printf("%s, %s: boot %d failed, next: %s%n", script.name(), kernel, attempt, e.getMessage());
            }
        }
    }

    /** A test for each result of {@code guest}, each waiting for its own; borrows the guest. */
    public static Stream<DynamicTest> results(Guest guest, GuestKernel kernel, GuestScript script) {
        Stream<DynamicTest> cases =
                script.cases().stream().map(name -> dynamicTest(kernel + ": " + name, () -> guest.awaitCase(name)));
        Stream<DynamicTest> end = Stream.of(dynamicTest(kernel + ": end", () -> {
            guest.awaitEnd();
            System.out.printf("%s, %s: %s%n", script.name(), kernel, guest.facts());
        }));
        return Stream.concat(cases, end);
    }

    /** The kernel every test runs on; its absence is a failure. */
    public static GuestKernel requiredKernel() {
        return GuestKernel.find(KernelSeries.LINUX_6_1)
                .orElseThrow(() -> new AssertionError(
                        "kernel=6.1 is in no suite of the Debian mirror any more: choose another required series in"
                                + " KernelSeries"));
    }

    /** The newer kernel, where Debian offers it. */
    public static Optional<GuestKernel> newerKernel() {
        return GuestKernel.find(KernelSeries.LINUX_6_12);
    }
}
