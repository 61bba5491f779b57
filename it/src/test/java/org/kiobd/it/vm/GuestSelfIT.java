package org.kiobd.it.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.kiobd.it.kit.HostCommand;

/** The harness is right about a server that is right, and reports as failed what has failed. */
@Tag(OneLane.TAG)
class GuestSelfIT {
    private static final Duration TIMEOUT = Duration.ofMinutes(2);

    private final GuestKernel kernel = GuestTests.requiredKernel();
    private final NbdkitVolumes server =
            NbdkitVolumes.serve("selftest", List.of(new Volume("first", "64M"), new Volume("second", "64M")));
    private Optional<Guest> running = Optional.empty();

    private Guest boot(String scriptName) {
        HostCommands commands = VolumeCommands.of(server).with("echo", words -> String.join(" ", words));
        Guest guest = GuestTests.boot(kernel, script(scriptName), commands, TIMEOUT);
        running = Optional.of(guest);
        return guest;
    }

    private GuestScript script(String name) {
        return GuestScript.resource(name, Map.of("PORT", Integer.toString(server.port())));
    }

    @TestFactory
    Stream<DynamicTest> guestAgainstNbdkit() {
        return GuestTests.results(boot("selftest"), kernel, script("selftest"));
    }

    @Test
    void failures_areReportedWithTheirReasons() {
        Guest guest = boot("selftest-failing");

        assertThatThrownBy(() -> guest.awaitCase("reason"))
                .hasMessageContaining("one: expected 1, found 2")
                .hasMessageContaining("STEP reason");
        assertThatThrownBy(() -> guest.awaitCase("command")).hasMessageContaining("exit status 1, after: false");
        assertThatThrownBy(() -> guest.awaitCase("host")).hasMessageContaining("knows no command=no-such-command");
        assertThatThrownBy(() -> guest.awaitCase("kernel-log")).hasMessageContaining("I/O error, made up");
        assertThatThrownBy(() -> guest.awaitCase("hang")).hasMessageContaining("still running after 1 s");
        assertThatThrownBy(() -> guest.awaitCase("after-hang")).hasMessageContaining("no result");
        assertThatThrownBy(guest::awaitEnd).hasMessageContaining("no result");
        assertThat(guest.awaitUp()).contains("6.1");
    }

    @Test
    void guestForPeople_startsFromSourcesAlone() {
        String guest =
                Path.of(System.getProperty("kiobd.root", ".."), "it", "guest").toString();

        assertThat(HostCommand.output(guest, "--help")).startsWith("usage: it/guest");
    }

    @AfterEach
    void close() {
        running.ifPresent(Guest::close);
        server.close();
    }
}
