package org.kiobd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.kiobd.store.MemberStores;
import picocli.CommandLine;

/** What the commands of attachments refuse before they touch anything; the rest is tested with a kernel, by the guest's kernel-attach. */
final class AttachCommandTest {
    private static final MemberStores STORES = MemberStores.load();

    @TempDir
    private Path folder;

    /** What a command printed, and its exit code. */
    private record Result(int code, String err) {}

    private Result run(String words) {
        List<String> arguments = new ArrayList<>(List.of(words.split(" ")));
        arguments.addAll(List.of("--home", folder.toString()));
        StringWriter err = new StringWriter();
        CommandLine command = Main.commandLine(STORES);
        command.setOut(new PrintWriter(new StringWriter()));
        command.setErr(new PrintWriter(err));
        return new Result(command.execute(arguments.toArray(String[]::new)), err.toString());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "attach | no volume is named; nothing was attached",
                "attach /dev/nbd3 | no volume is named; nothing was attached",
                "attach nbd://h/v /dev/sda | device=/dev/sda is not /dev/nbdN; nothing was changed",
                "attach nbd://h/v /dev/nbd | device=/dev/nbd is not /dev/nbdN; nothing was changed",
                "attach nbd://h/v -C 0 | -C=0 is not 1 to 16; nothing was attached",
                "attach nbd://h/v -C 17 | -C=17 is not 1 to 16; nothing was attached",
                "attach nbd://h/v -C 2 --timeout 0s | -C=2 needs a --timeout of 1s or more",
                "attach http://h/v | nothing was attached",
                "detach /dev/sdb | device=/dev/sdb is not /dev/nbdN; nothing was changed",
                "reattach nbd0 | volume=nbd0 is not attached; nothing was changed",
            })
    void whatCannotBeMeantIsRefused(String words, String message) {
        Result result = run(words);
        assertThat(result.code).isNotZero();
        assertThat(result.err).contains(message);
    }

    @Test
    void theKernelHasNoTls() {
        assertThat(run("attach nbds://h/v").err).contains("the kernel's client has no TLS; nothing was attached");
    }

    @Test
    void aVolumeMustBeServed() {
        assertThat(run("attach v").err).contains("volume=v");
        assertThat(run("create v --size 1M").code).isZero();
        assertThat(run("attach v").err).contains("volume=v is not served; nothing was attached: kiobd serve v first");
        assertThat(run("attach v --wait 1ms").code).isEqualTo(ExitCode.FAILED);
    }

    @Test
    void whatIsNotAttachedCannotBeDetached() {
        assertThat(run("detach not-there-7").err)
                .contains("volume=not-there-7 is not attached; nothing was changed: kiobd attach --list");
        assertThat(run("reattach /dev/nbd987").err).contains("/dev/nbd987 is not attached; nothing was changed");
        assertThat(run("detach /dev/nbd987").err).contains("/dev/nbd987 is not attached; nothing was changed");
    }

    @Test
    void whatWasNotSavedCannotBeAttached() {
        assertThat(run("attach --saved not-there-7").err)
                .contains("nothing is saved as not-there-7; nothing was attached");
    }
}
