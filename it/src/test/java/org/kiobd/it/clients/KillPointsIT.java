package org.kiobd.it.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.kiobd.it.kit.HostCommand;
import org.kiobd.it.kit.HostProgram;
import org.kiobd.it.kit.KiobdCommand;
import org.kiobd.it.kit.RunLength;

/**
 * A sample of what {@code it/kill-points} does: management commands killed and failed at their system calls, and what they leave. All of
 * it takes an hour, and is run by hand.
 */
@Timeout(300)
@Tag("one-lane")
final class KillPointsIT {
    private static final Duration AT_MOST = Duration.ofSeconds(280);

    @Test
    void whateverInterruptsACommandLeavesVolumesAsBeforeOrAsAfter() {
        HostProgram.requireAll(Map.of("mkfs.xfs", "xfsprogs", "mount", "mount"));
        Path program = KiobdCommand.launcher().resolveSibling("it").resolve("kill-points");
        String seed = System.getProperty("kiobd.killPoints.seed", "1");
        HostCommand.Result result = HostCommand.run(
                AT_MOST,
                List.of(
                        "env",
                        // The tests' own Java, so that a lane on another JDK tests that JDK.
                        "JAVA_HOME=" + System.getProperty("java.home"),
                        HostProgram.require("python3", "python3").toString(),
                        program.toString(),
                        "--pick=" + RunLength.rounds(3, 5),
                        "--points=3",
                        "--minutes=1",
                        "--seed=" + seed));
        assertThat(result.exitCode())
                .as("it/kill-points, seed=%s:%n%s", seed, result.output())
                .isZero();
        assertThat(result.output()).containsPattern("trials=[1-9]");
    }
}
