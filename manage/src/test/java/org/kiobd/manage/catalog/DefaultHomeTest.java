package org.kiobd.manage.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.kiobd.volume.BlockIoException;

class DefaultHomeTest {
    @Test
    void theHomeIsFoundAsDocumented() throws BlockIoException {
        assertThat(DefaultHome.of(Map.of("KIOBD_HOME", "/k", "HOME", "/h"), true, "/root"))
                .isEqualTo(Path.of("/k"));
        assertThat(DefaultHome.of(Map.of("KIOBD_HOME", "relative"), true, "/root"))
                .isEqualTo(Path.of("relative"));
        assertThat(DefaultHome.of(Map.of("KIOBD_HOME", "", "HOME", "/root"), true, "/root"))
                .isEqualTo(Path.of("/var/lib/kiobd"));
        assertThat(DefaultHome.of(Map.of("XDG_DATA_HOME", "/d", "HOME", "/h"), false, "/p"))
                .isEqualTo(Path.of("/d/kiobd"));
        assertThat(DefaultHome.of(Map.of("HOME", "/h"), false, "/p")).isEqualTo(Path.of("/h/.local/share/kiobd"));
        assertThat(DefaultHome.of(Map.of(), false, "/p")).isEqualTo(Path.of("/p/.local/share/kiobd"));
    }

    /** The XDG specification has relative ones ignored; so is a home folder that is none. */
    @ParameterizedTest
    @ValueSource(strings = {"", ".", "relative", "../up", "?"})
    void aRelativeFolderOfTheEnvironmentCountsForNothing(String folder) throws BlockIoException {
        assertThat(DefaultHome.of(Map.of("XDG_DATA_HOME", folder, "HOME", "/h"), false, "/p"))
                .isEqualTo(Path.of("/h/.local/share/kiobd"));
        assertThat(DefaultHome.of(Map.of("HOME", folder), false, "/p")).isEqualTo(Path.of("/p/.local/share/kiobd"));
        assertThatThrownBy(() -> DefaultHome.of(Map.of("HOME", folder), false, folder))
                .isInstanceOf(BlockIoException.class)
                .hasMessageContaining("--home");
        assertThatThrownBy(() -> DefaultHome.of(Map.of(), false, null)).hasMessageContaining("KIOBD_HOME");
    }

    /** Java has put another character where bytes were no text: the folder would be another one. */
    @ParameterizedTest
    @ValueSource(strings = {"KIOBD_HOME", "XDG_DATA_HOME", "HOME"})
    void aFolderThatIsNoTextIsRefused(String variable) {
        assertThatThrownBy(() -> DefaultHome.of(Map.of(variable, "/h\uFFFD"), false, "/p"))
                .hasMessageContaining(variable)
                .hasMessageContaining("UTF-8");
    }
}
