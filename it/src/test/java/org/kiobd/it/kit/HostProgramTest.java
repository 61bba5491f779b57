package org.kiobd.it.kit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

class HostProgramTest {
    @Test
    void require_findsWhatIsThere() {
        assertThat(HostProgram.require("sh", "dash")).isExecutable();
    }

    @Test
    void requireAll_namesEveryMissingProgramItsPackageAndTheWayOut() {
        assertThatThrownBy(() -> HostProgram.requireAll(
                        Map.of("sh", "dash", "no-such-a", "package-a", "no-such-b", "package-b")))
                .hasMessageContaining("no-such-a=package-a")
                .hasMessageContaining("no-such-b=package-b")
                .hasMessageContaining("it/verify")
                .hasMessageNotContaining("dash");
    }
}
