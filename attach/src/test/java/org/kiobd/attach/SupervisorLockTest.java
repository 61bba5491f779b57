package org.kiobd.attach;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SupervisorLockTest {
    @TempDir
    Path folder;

    @Test
    void oneAtATimeHoldsIt() throws IOException {
        Path file = folder.resolve("run/lock");
        try (SupervisorLock first = SupervisorLock.take(file)) {
            assertThat(first).isNotNull();
            assertThat(SupervisorLock.take(file)).isNull();
        }
        try (SupervisorLock next = SupervisorLock.take(file)) {
            assertThat(next).isNotNull();
        }
    }

    @Test
    void theFileNamesItsHolder() throws IOException {
        Path file = folder.resolve("lock");
        assertThat(SupervisorLock.holder(file)).isNull();
        try (SupervisorLock held = SupervisorLock.take(file)) {
            assertThat(held).isNotNull();
            held.nameHolder();
            assertThat(Files.readString(file)).isEqualTo(ProcessHandle.current().pid() + "\n");
        }
        assertThat(SupervisorLock.holder(file)).isNull();
    }
}
