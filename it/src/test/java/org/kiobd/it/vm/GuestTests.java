package org.kiobd.it.vm;

import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;

/** Turns one boot of a guest into JUnit tests: one for the boot, one for each case of the script, one for the end. */
public final class GuestTests {
    private static final Path LOGS = Path.of("target", "guest");

    private GuestTests() {}

    /** Where a run's transcript goes. */
    public static Path logFile(GuestScript script, GuestKernel kernel) {
        return LOGS.resolve("%s-%s.log".formatted(script.name(), kernel.series().version()));
    }

    /** Boots {@code script}; the transcript goes to {@code target/guest}. Returned owned: close it. */
    public static Guest boot(GuestKernel kernel, GuestScript script, HostCommands commands, Duration timeout) {
        return Guest.boot(new Guest.Setup(kernel, script, commands, timeout), logFile(script, kernel), line -> {});
    }

    /** A test for each result of {@code guest}, each waiting for its own; borrows the guest. */
    public static Stream<DynamicTest> results(Guest guest, GuestKernel kernel, GuestScript script) {
        Stream<DynamicTest> boot = Stream.of(dynamicTest(kernel + ": boot", () -> {
            String up = guest.awaitUp();
            System.out.printf("%s, %s: up after %s%n", script.name(), kernel, up);
        }));
        Stream<DynamicTest> cases =
                script.cases().stream().map(name -> dynamicTest(kernel + ": " + name, () -> guest.awaitCase(name)));
        Stream<DynamicTest> end = Stream.of(dynamicTest(kernel + ": end", () -> {
            guest.awaitEnd();
            System.out.printf("%s, %s: %s%n", script.name(), kernel, guest.facts());
        }));
        return Stream.of(boot, cases, end).flatMap(tests -> tests);
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
