package org.kiobd.it.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class GuestReportTest {
    private static final long NO_WAIT_MS = 0;

    private final GuestReport report = new GuestReport(List.of("first", "second"), () -> "transcript");

    @Test
    void accept_givesEachCaseItsOwnResult() {
        report.accept("OK first 12");
        report.accept("FAIL second 3 for a reason");
        report.accept("FACT size 1 MiB");
        report.accept("END");

        assertThat(report.await("first", NO_WAIT_MS)).isEqualTo(GuestReport.Result.PASSED);
        assertThat(report.await("second", NO_WAIT_MS))
                .isEqualTo(new GuestReport.Result(false, "for a reason", "transcript"));
        assertThat(report.awaitEnd(NO_WAIT_MS).passed()).isTrue();
        assertThat(report.facts()).containsEntry("size", "1 MiB");
    }

    @Test
    void ended_failsWhatHasNoResultAndSaysWhereItStopped() {
        report.accept("UP 2.5 6.1.0");
        report.accept("OK first 12");
        report.accept("STEP second");
        report.ended("the emulator exited with exitCode=1");

        assertThat(report.await("first", NO_WAIT_MS).passed()).isTrue();
        assertThat(report.await("second", NO_WAIT_MS).reason())
                .isEqualTo("no result: the emulator exited with exitCode=1, last step: second");
        assertThat(report.awaitEnd(NO_WAIT_MS).passed()).isFalse();
    }

    @Test
    void ended_beforeTheScriptRan_failsTheBoot() {
        report.ended("the guest's time was over");

        assertThatThrownBy(() -> report.awaitUp(NO_WAIT_MS)).hasMessageContaining("never came up");
    }

    @Test
    void await_withoutAnAnswer_timesOut() {
        assertThatThrownBy(() -> report.await("first", NO_WAIT_MS)).hasMessageContaining("case=first");
    }

    @Test
    void accept_refusesWhatTheScriptCannotHaveSaid() {
        assertThatThrownBy(() -> report.accept("OK third 1")).hasMessageContaining("case=third");
        assertThatThrownBy(() -> report.accept("HELLO")).hasMessageContaining("HELLO");
    }

    @Test
    void cases_mustHaveNamesOfTheirOwn() {
        assertThatThrownBy(() -> new GuestReport(List.of("same", "same"), () -> ""))
                .hasMessageContaining("case=same");
    }
}
