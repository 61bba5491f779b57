package org.kiobd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.store.MemberStores;

final class ArgumentsTest {
    private static final MemberStores STORES = MemberStores.load();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "list",
                "info v",
                "--home create list",
                "-o json info v",
                "--output=json list",
                "-V",
                "--debug version"
            })
    void theseMakeNoFiles(String words) {
        assertThat(Arguments.onlyLook(List.of(words.split(" ")))).isTrue();
    }

    /** What takes a value is known twice, here and to picocli, which is not asked before the first file may be made. */
    @Test
    void theOptionsWithAValueAreThoseOfTheCommandLine() {
        List<String> withValue = Main.commandLine(STORES).getCommandSpec().options().stream()
                .filter(option -> option.arity().min() > 0)
                .flatMap(option -> Stream.of(option.names()))
                .toList();
        assertThat(Arguments.WITH_VALUE).containsExactlyInAnyOrderElementsOf(withValue);
    }

    /** A volume may be called as a command is. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "create list --size 1M",
                "create info --size 1M",
                "--home list create version --size 1M",
                "serve list",
                "-o json copy list info",
                "export version list"
            })
    void theseDo(String words) {
        assertThat(Arguments.onlyLook(List.of(words.split(" ")))).isFalse();
    }
}
