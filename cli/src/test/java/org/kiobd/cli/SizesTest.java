package org.kiobd.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class SizesTest {
    @ParameterizedTest
    @CsvSource({
        "512, 512",
        "4K, 4096",
        "4k, 4096",
        "64KiB, 65536",
        "1G, 1073741824",
        "1GiB, 1073741824",
        "1GB, 1000000000",
        "1.5G, 1610612736",
        "7E, 8070450532247928832",
        "12B, 12"
    })
    void readsWhatPeopleWrite(String text, long bytes) {
        assertThat(Sizes.parse(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "0",
                "-1",
                "-5G",
                "8E",
                "99999999999999999999",
                "1.3K5",
                "G",
                "1i",
                "0.3",
                "1Z",
                "0x10",
                "1e9"
            })
    void refusesWhatIsNoSize(String text) {
        assertThatThrownBy(() -> Sizes.parse(text))
                .isInstanceOf(TypeConversionException.class)
                .hasMessageContaining("'" + text + "'");
    }

    @Test
    void writesShortForms() {
        assertThat(Sizes.format(0)).isEqualTo("0");
        assertThat(Sizes.format(513)).isEqualTo("513");
        assertThat(Sizes.format(256 << 10)).isEqualTo("256K");
        assertThat(Sizes.format(3L << 29)).isEqualTo("1.50G");
        assertThat(Sizes.format(Long.MAX_VALUE)).isEqualTo("8E");
    }
}
