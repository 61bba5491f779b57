package org.kiobd.it.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class GuestScriptTest {
    private final GuestScript script = GuestScript.joined("both", List.of("selftest", "selftest-failing"));

    @Test
    void joined_hasTheCasesOfAllPartsInOrder() {
        assertThat(script.cases())
                .containsExactly(
                        "attach",
                        "file-system",
                        "host-conversation",
                        "detach",
                        "reason",
                        "command",
                        "host",
                        "kernel-log",
                        "hang",
                        "after-hang");
    }

    @Test
    void without_leavesCasesOutHereAndInTheGuest() {
        GuestScript rest = script.without(List.of("file-system", "host", "hang", "after-hang"));

        assertThat(rest.cases())
                .containsExactly("attach", "host-conversation", "detach", "reason", "command", "kernel-log");
        assertThat(rest.environment())
                .contains("export CASES='attach host-conversation detach reason command kernel-log'");
        assertThat(script.cases()).as("the script itself").contains("file-system");
    }

    @Test
    void without_refusesACaseThatIsNotThere() {
        assertThatThrownBy(() -> script.without(List.of("attach", "no-such-case")))
                .hasMessageContaining("script=both has no case=no-such-case");
    }
}
