package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.kiobd.it.kit.HostCommand;
import org.kiobd.it.kit.HostProgram;
import org.kiobd.it.kit.KiobdCommand;

/** Runs {@code it/bench} with its own checks, and with one short row, so that it does not rot between measurements. */
@Timeout(200)
@Tag("one-lane")
final class MeasurementsIT {
    private static final Duration AT_MOST = Duration.ofMinutes(3);

    @TempDir
    Path folder;

    @Test
    void statisticsGoalsReportsAndCleanUpPassTheSelfTest() {
        HostCommand.Result result = bench("self-test");
        assertThat(result.exitCode()).as(result.output()).isZero();
        assertThat(result.output()).containsPattern("tests=[1-9][0-9]* failures=0");
    }

    @Test
    void aShortRowBesideOnePeerGivesAReportAndLeavesNothingBehind() {
        HostProgram.requireAll(Map.of("nbdkit", "nbdkit", "nbdinfo", "libnbd-bin", "fio", "fio"));
        HostCommand.Result result = bench(
                "rows",
                "--print",
                "--no-build",
                "--client=kiobd",
                "--only=4 KiB random read, depth 1",
                "--servers=kiobd,nbdkit file",
                "--rounds=1",
                "--seconds=0.2",
                "--warm-up=0",
                "--jvm-warm-up=0.1",
                "--size-mib=16",
                "--folder=" + folder);
        assertThat(result.exitCode()).as(result.output()).isZero();
        assertThat(result.output())
                .contains(
                        "Measured ", "| 4 KiB random read, depth 1 | nbdkit file | ", "kiobd create v --size 16777216");
        assertThat(folder).isEmptyDirectory();
    }

    private static HostCommand.Result bench(String... words) {
        Path program = KiobdCommand.launcher().resolveSibling("it").resolve("bench");
        List<String> command = new ArrayList<>(
                // The tests' own Java, so that a lane on another JDK tests that JDK.
                List.of("env", "JAVA_HOME=" + System.getProperty("java.home")));
        command.add(HostProgram.require("python3", "python3").toString());
        command.add(program.toString());
        command.addAll(List.of(words));
        return HostCommand.run(AT_MOST, command);
    }
}
