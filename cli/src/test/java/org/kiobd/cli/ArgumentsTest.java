package org.kiobd.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ArgumentsTest {
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
